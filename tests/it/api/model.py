"""Prints the operations of IAM and STS as botocore's service models have them: botocore's version, then for each API its
name, and a line for each operation with its errors and their statuses."""

import botocore
import botocore.session

print(botocore.__version__)
loader = botocore.session.get_session().get_component("data_loader")
for api in ("iam", "sts"):
    print(api)
    model = loader.load_service_model(api, "service-2")
    for name, operation in sorted(model["operations"].items()):
        words = [name]
        for error in operation.get("errors", []):
            # Where the model names no code it is the shape's name, and the status is the client's fault.
            told = model["shapes"][error["shape"]].get("error", {})
            words.append(f"{told.get('code', error['shape'])}={told.get('httpStatusCode', 400)}")
        print(" ".join(words))
