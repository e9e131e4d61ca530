#!/usr/bin/env bash
# Starts one small Ceph (mon, osd in memory, radosgw) on loopback and keeps it until standard input closes.
#
# Prints one line, `ready PORT ACCESS SECRET`, when radosgw answers and its user exists; everything else goes to
# standard error. The caller holds the other end of standard input: when it goes away, however it dies, the daemons
# are ended by their pids and the folder is removed.
set -euo pipefail

readonly dir=$(mktemp -d "${TMPDIR:-/tmp}/ceph-test.XXXXXX")
pids=()

clean_up() {
    trap - EXIT INT TERM HUP
    # radosgw first: it would wait for the others.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill -TERM "${pids[i]}" 2>/dev/null || true; done
    for _ in {1..30}; do
        local alive=0
        for pid in "${pids[@]}"; do if kill -0 "$pid" 2>/dev/null; then alive=1; fi; done
        if ((alive == 0)); then break; fi
        sleep 0.1
    done
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# Five free loopback ports, held open together so that they differ.
readarray -t ports < <(python3 - <<'PY'
import socket
held = [socket.socket() for _ in range(5)]
for s in held:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])
PY
)
readonly mon_v2=${ports[0]} mon_v1=${ports[1]} s3_port=${ports[2]}
# The osd takes eight ports of a range; a range that is occupied in part is skipped over by Ceph itself.
readonly osd_first=$((20000 + RANDOM % 10000))

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
readonly access=$(random_hex 10) secret=$(random_hex 20)
readonly fsid=$(cat /proc/sys/kernel/random/uuid) osd_id=$(cat /proc/sys/kernel/random/uuid)

mkdir -p "$dir"/{mon,osd,rgw,run,log}
export CEPH_CONF=$dir/ceph.conf
cat > "$CEPH_CONF" <<CONF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$mon_v2,v1:127.0.0.1:$mon_v1]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = $dir/keyring
ms bind ipv6 = false
ms bind port min = $osd_first
ms bind port max = $((osd_first + 300))
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
mon data = $dir/mon
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 4294967296
run dir = $dir/run
log file = $dir/log/\$name.log
admin socket = $dir/run/\$name.asok
pid file = $dir/run/\$name.pid
crash dir = $dir/run

[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$s3_port
rgw dns name = s3.localhost
rgw data = $dir/rgw
rgw enable usage log = false
CONF

start() {
    "$@" </dev/null >>"$dir/log/daemons" 2>&1 &
    pids+=($!)
    # So that bash does not report its end.
    disown "$!"
}

# Waits until the command succeeds; the daemons' last words explain it when it never does.
wait_for() {
    for _ in {1..300}; do
        if "$@" >/dev/null 2>&1; then return; fi
        for pid in "${pids[@]}"; do
            if ! kill -0 "$pid" 2>/dev/null; then
                echo "a Ceph daemon ended early" >&2
                tail -n 20 "$dir"/log/* >&2
                exit 1
            fi
        done
        sleep 0.2
    done
    echo "Ceph did not get ready: $*" >&2
    tail -n 20 "$dir"/log/* >&2
    exit 1
}

{
    caps=(--cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *')
    ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
    for name in client.admin client.rgw osd.0; do
        ceph-authtool "$dir/keyring" --gen-key -n "$name" "${caps[@]}"
    done
    monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon_v2,v1:127.0.0.1:$mon_v1]" "$dir/monmap"
    ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
    start ceph-mon -f -i a
    wait_for ceph --connect-timeout 5 mon stat

    ceph osd new "$osd_id"
    ceph-osd --mkfs -i 0 --osd-uuid "$osd_id"
    ceph osd crush add-bucket here host
    ceph osd crush move here root=default
    ceph osd crush add osd.0 1.0 host=here
    start ceph-osd -f -i 0

    start radosgw -f -n client.rgw
    answers() { (exec 3<>"/dev/tcp/127.0.0.1/$s3_port"); }
    wait_for answers
    radosgw-admin user create --uid=upstream --display-name=upstream --access-key="$access" --secret-key="$secret"
} >"$dir/log/setup" 2>&1 || { cat "$dir/log/setup" >&2; exit 1; }

echo "ready $s3_port $access $secret"
# Until the caller is gone.
cat >/dev/null
