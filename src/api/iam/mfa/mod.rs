//! Virtual MFA devices of users and of root. Hardware devices and security keys are made by others and none of them is
//! known here, so their serial numbers name nothing.
//!
//! The name of a device's item is its path and name without the first slash, as its ARN has it: two devices may have one
//! name at different paths.

mod code;
mod picture;

use code::Device;
use data_encoding::{BASE32_NOPAD, BASE64};
use zeroize::Zeroizing;

use super::{
    holder::Holder,
    items::{ItemTarget, details, items_of, long_id, written},
    listing::{Asked, paged},
    nodes,
    target::{exists, has_room, in_use, no_such, over_quota, request_tags},
    texts::{AUTHENTICATION_CODE, MFA_DEVICE_NAME, PATH, SERIAL_NUMBER},
    users::{random, unless},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene, input::validation_error},
        quotas::Quota,
    },
    base::{AccountId, Arn, Fault, Timestamp, name::fold},
    store::{ErrorKind, Item, ItemKind, Listing, Page, StoreError, UnitOfWork},
};

/// The most virtual devices of an account, whether somebody's or not: as many as users.
const DEVICES_MAX: usize = 5000;
/// The length of a seed, in bytes: 64 characters of base 32.
const SEED_BYTES: usize = 40;
/// The longest serial number.
const SERIAL_CHARACTERS_MAX: usize = 256;

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is right, and will not be again.
    Right,
    /// It is wrong, was used before, or the device has had too many wrong ones lately.
    Wrong,
    /// The holder has no such device.
    Unknown,
}

/// Whether a code is the present one of a device that a user (by unique id; `None` is root) has enabled. Source: RFC 6238.
///
/// Right codes are used up and wrong ones are counted within the unit of work, so it has to be committed whatever the
/// verdict is, even where the call is then refused.
pub fn verify(
    work: &mut dyn UnitOfWork,
    (account, user): (AccountId, Option<&str>),
    serial: &str,
    code: &str,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let Some((item, mut device)) = find(work, account, serial)? else { return Ok(Verdict::Unknown) };
    if device.enabled.is_none() || item.owner.as_deref() != user {
        return Ok(Verdict::Unknown);
    }
    let right = device.accepts(&seed(work, &item)?, code, now);
    keep(work, item, &device)?;
    Ok(if right { Verdict::Right } else { Verdict::Wrong })
}

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let path = input.optional("Path", &PATH).unwrap_or_else(|| "/".to_owned());
    let name = input.required("VirtualMFADeviceName", &MFA_DEVICE_NAME);
    let tags = input.tags("Tags", false)?;
    input.check()?;
    let account = scene.account();
    let place = format!("{path}{name}").trim_start_matches('/').to_owned();
    let serial = serial_number(account, &place);
    if serial.as_str().chars().count() > SERIAL_CHARACTERS_MAX {
        return Err(validation_error(format!(
            "1 validation error detected: Value '{serial}' at 'serialNumber' failed to satisfy constraint: \
             Member must have length less than or equal to {SERIAL_CHARACTERS_MAX}"
        )));
    }
    let (arn, facts, is_tagged) = (serial.to_string(), request_tags(&tags), !tags.is_empty());
    let plan = Plan::new("iam:CreateVirtualMFADevice", arn.clone(), move |scene| {
        let seed = Zeroizing::new(random::<SEED_BYTES>(scene)?);
        let text = Zeroizing::new(BASE32_NOPAD.encode(&*seed));
        let item = Item {
            kind: ItemKind::MfaDevice,
            account,
            id: long_id(scene)?.into(),
            name: place.into(),
            path: path.into(),
            owner: None,
            created: scene.caller.at(),
            details: written(&Device::default())?,
        };
        let alias = scene.world.directory.write(|work| {
            if work.count_items(account, ItemKind::MfaDevice)? >= DEVICES_MAX as u64 {
                return Err(over_quota("VirtualMFADevicesPerAccount", DEVICES_MAX));
            }
            let taken = || exists("MFADevice entity at the same path and name already exists.".to_owned());
            work.add_item(&item, Some(&*seed)).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            work.put_tags(&item.id, &tags)?;
            let aliases = work.items(account, ItemKind::AccountAlias, Page { items_max: 1, ..Page::ALL })?;
            Ok(aliases.items.into_iter().next().map(|alias| alias.name))
        })?;
        let address = Zeroizing::new(picture::address(&name, alias.as_deref().unwrap_or(account.as_str()), &text));
        let mut members = vec![
            ("SerialNumber", Node::text(serial.as_str())),
            // Both are blobs, which travel in base 64 whatever they hold.
            ("Base32StringSeed", Node::Secret(BASE64.encode(text.as_bytes()))),
            ("QRCodePNG", Node::Secret(BASE64.encode(&picture::png(&address)?))),
        ];
        members.push(("Tags", nodes::tags_if_any(&tags)));
        Ok(Node::one("VirtualMFADevice", Node::Struct(members)))
    });
    let plan = if is_tagged { plan.needing("iam:TagMFADevice", arn) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn enable(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (serial, codes) = read_codes(input);
    let holder = Holder::named_or_root(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:EnableMFADevice", arn, move |scene| {
        set_clock(scene, &serial, &codes, |work, item, device| {
            let owner = holder.id(work)?;
            if device.enabled.is_some() {
                return Err(exists("MFA device is already in use.".to_owned()));
            }
            has_room(scene, Quota::MfaDevices, devices_of(scene, work, &holder)?.len())?;
            (item.owner, device.enabled) = (owner, Some(scene.caller.at().as_second()));
            Ok(())
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn resync(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (serial, codes) = read_codes(input);
    let holder = Holder::named_or_root(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:ResyncMFADevice", arn, move |scene| {
        let of_holder = |work: &mut dyn UnitOfWork, item: &mut Item, device: &mut Device| {
            refuse_of_others(&holder, work, &serial, item, device)
        };
        set_clock(scene, &serial, &codes, of_holder)
    });
    Ok(plan.knowing(facts))
}

pub(super) fn deactivate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let serial = input.required("SerialNumber", &SERIAL_NUMBER);
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:DeactivateMFADevice", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (mut item, mut device) = held(scene, work, &holder, &serial)?;
            (item.owner, device.enabled) = (None, None);
            keep(work, item, &device)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteVirtualMFADevice", arn, move |scene| {
        scene.world.directory.write(|work| {
            let item = target.still(work)?;
            if details::<Device>(&item)?.enabled.is_some() {
                return Err(in_use("MFA VirtualDevice in use. Must deactivate first."));
            }
            work.delete_item(&item.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// AWS tells of security keys alone here; virtual devices are told of too, with the members that they have.
pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let serial = input.required("SerialNumber", &SERIAL_NUMBER);
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:GetMFADevice", arn, move |scene| {
        scene.world.directory.read(|work| {
            let (item, device) = held(scene, work, &holder, &serial)?;
            Ok(Node::Struct(members(&item, &device, holder.user_name()?)))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::of(input)?;
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:ListMFADevices", arn, move |scene| {
        let mut devices = scene.world.directory.read(|work| devices_of(scene, work, &holder))?;
        devices.sort_by_cached_key(|(item, _)| fold(&item.name));
        let user = holder.user_name()?;
        let listing = asked.cut(devices, |(item, _)| fold(&item.name));
        Ok(paged("MFADevices", listing, |(item, device)| Node::Struct(members(item, device, user))))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list_virtual(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let status = input.one_of("AssignmentStatus", &["Assigned", "Unassigned", "Any"]).unwrap_or("Any");
    let asked = Asked::of(input)?;
    input.check()?;
    let account = scene.account();
    Ok(Plan::new("iam:ListVirtualMFADevices", serial_number(account, "").as_str(), move |scene| {
        scene.world.directory.read(|work| {
            let mut devices = Vec::new();
            for item in work.items(account, ItemKind::MfaDevice, Page::ALL)?.items {
                let device = details::<Device>(&item)?;
                let word = if device.enabled.is_some() { "Assigned" } else { "Unassigned" };
                if [word, "Any"].contains(&status) {
                    devices.push((item, device));
                }
            }
            let Listing { items, next } = asked.cut(devices, |(item, _)| fold(&item.name));
            let items = items.into_iter().map(|(item, device)| virtual_device(work, &item, &device));
            let listing = Listing { items: items.collect::<Result<Vec<_>, _>>()?, next };
            Ok(paged("VirtualMFADevices", listing, Node::clone))
        })
    }))
}

/// The device that `SerialNumber` names. Checks the input.
pub(super) fn target(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<ItemTarget, Fault> {
    let serial = input.required("SerialNumber", &SERIAL_NUMBER);
    input.check()?;
    let account = scene.account();
    let place = place_of(account, &serial).unwrap_or_default();
    let missing = format!("VirtualMFADevice with serial number {serial} doesn't exist.");
    // What is no ARN names nothing, and is decided on as the device that it would be.
    let unknown = Arn::parse(&serial).unwrap_or_else(|| serial_number(account, &serial)).to_string();
    ItemTarget::of(scene, ItemKind::MfaDevice, place, |item| serial_number(account, &item.name), unknown, missing)
}

fn read_codes(input: &mut Input<'_>) -> (String, [Zeroizing<String>; 2]) {
    let serial = input.required("SerialNumber", &SERIAL_NUMBER);
    let codes = ["AuthenticationCode1", "AuthenticationCode2"].map(|name| input.secret(name, &AUTHENTICATION_CODE));
    (serial, codes)
}

/// Sets a device's clock by two codes; `prepare` says whether that may be, and changes what is to be changed if they are
/// right. Wrong codes are counted although the call fails.
fn set_clock(
    scene: &Scene<'_>,
    serial: &str,
    codes: &[Zeroizing<String>; 2],
    prepare: impl Fn(&mut dyn UnitOfWork, &mut Item, &mut Device) -> Result<(), Fault>,
) -> Result<Node, Fault> {
    let [one, two] = codes;
    let right = scene.world.directory.write(|work| {
        let (item, device) = find(work, scene.account(), serial)?.ok_or_else(|| no_such_device(serial))?;
        let (mut next_item, mut next) = (item.clone(), device.clone());
        prepare(work, &mut next_item, &mut next)?;
        let right = next.synchronizes(&seed(work, &item)?, [one, two], scene.caller.at());
        if !right {
            (next_item, next.enabled) = (item, device.enabled);
        }
        keep(work, next_item, &next)?;
        Ok::<_, Fault>(right)
    })?;
    if right {
        return Ok(Node::Nothing);
    }
    Err(Fault::new(403, "InvalidAuthenticationCode", "Authentication code for device is not valid."))
}

fn find(work: &mut dyn UnitOfWork, account: AccountId, serial: &str) -> Result<Option<(Item, Device)>, StoreError> {
    let Some(place) = place_of(account, serial) else { return Ok(None) };
    let found = work.item(account, ItemKind::MfaDevice, place)?.filter(|item| *item.name == *place);
    found.map(|item| details(&item).map(|device| (item, device))).transpose()
}

/// A device that the holder has enabled.
fn held(scene: &Scene<'_>, work: &mut dyn UnitOfWork, holder: &Holder, serial: &str) -> Result<(Item, Device), Fault> {
    let (item, device) = find(work, scene.account(), serial)?.ok_or_else(|| no_such_device(serial))?;
    refuse_of_others(holder, work, serial, &item, &device)?;
    Ok((item, device))
}

fn refuse_of_others(
    holder: &Holder,
    work: &mut dyn UnitOfWork,
    serial: &str,
    item: &Item,
    device: &Device,
) -> Result<(), Fault> {
    let is_held = device.enabled.is_some() && item.owner == holder.id(work)?;
    if is_held { Ok(()) } else { Err(no_such_device(serial)) }
}

fn devices_of(scene: &Scene<'_>, work: &mut dyn UnitOfWork, holder: &Holder) -> Result<Vec<(Item, Device)>, Fault> {
    let mut devices = Vec::new();
    for item in items_of(scene, work, holder, ItemKind::MfaDevice)? {
        let device = details::<Device>(&item)?;
        if device.enabled.is_some() {
            devices.push((item, device));
        }
    }
    Ok(devices)
}

fn seed(work: &mut dyn UnitOfWork, item: &Item) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let missing = || StoreError::damaged(format!("the MFA device `{}` has no seed", item.id));
    work.item_secret(&item.id)?.ok_or_else(missing)
}

fn keep(work: &mut dyn UnitOfWork, item: Item, device: &Device) -> Result<(), StoreError> {
    work.update_item(&Item { details: written(device)?, ..item })
}

fn serial_number(account: AccountId, place: &str) -> Arn {
    Arn::iam(account.as_str(), &format!("mfa/{place}"))
}

/// The path and name of one of the account's virtual devices, from its serial number.
fn place_of(account: AccountId, serial: &str) -> Option<&str> {
    serial.strip_prefix(serial_number(account, "").as_str())
}

fn members(item: &Item, device: &Device, user: Option<&str>) -> Vec<(&'static str, Node)> {
    vec![
        ("UserName", Node::maybe(user)),
        ("SerialNumber", Node::text(serial_number(item.account, &item.name).as_str())),
        ("EnableDate", enabled(device)),
    ]
}

fn virtual_device(work: &mut dyn UnitOfWork, item: &Item, device: &Device) -> Result<Node, Fault> {
    let user = match (&item.owner, device.enabled) {
        (Some(owner), _) => work.identity_by_id(owner)?.as_ref().map_or(Node::Nothing, nodes::identity),
        (None, Some(_)) => nodes::root(item.account, work.account(item.account)?.map(|account| account.created)),
        (None, None) => Node::Nothing,
    };
    let serial = Node::text(serial_number(item.account, &item.name).as_str());
    Ok(Node::Struct(vec![("SerialNumber", serial), ("User", user), ("EnableDate", enabled(device))]))
}

fn enabled(device: &Device) -> Node {
    let at = device.enabled.and_then(|second| Timestamp::from_second(second).ok());
    at.map_or(Node::Nothing, Node::Time)
}

fn no_such_device(serial: &str) -> Fault {
    no_such(format!("MFA device with serial number {serial} does not exist."))
}
