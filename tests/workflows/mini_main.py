"""Writes what cdktf would for a platform of one resource per environment: a folder per stack, and the manifest."""

import argparse
import json
import os
import shutil
from pathlib import Path

from stacks.values import Names, load_all

HERE = Path(__file__).resolve().parent
# The colour of an environment's stack `web`; "" for a stack without resources, None for no stack.
COLOURS = {"dev": "blue", "staging": "", "prod": ""}
# The number of stacks in a chain behind `web`, each of which reads an output that only the apply before it decides.
COPIES = {}


def stack(name, environment, resources, outputs, reads=()):
    names = Names(environment)
    backend = {
        "bucket": names.state_bucket,
        "key": names.state_key(name),
        "region": environment.region,
        "encrypt": True,
        "kms_key_id": names.state_key_arn,
        "allowed_account_ids": [environment.accounts.main.id],
    }
    data = {
        each: {
            "backend": "s3",
            "config": {**backend, "key": names.state_key(each)},
            "workspace": "${terraform.workspace}",
        }
        for each in reads
    }
    full = names.stack(name)
    document = {
        "//": {"metadata": {"backend": "s3", "stackName": full, "version": "0.21.0"}, "outputs": {}},
        "terraform": {"backend": {"s3": {**backend, "use_lockfile": True}}},
        **({"resource": resources} if resources else {}),
        **({"output": outputs} if outputs else {}),
        **({"data": {"terraform_remote_state": data}} if data else {}),
    }
    folder = out / "stacks" / full
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdk.tf.json").write_text(json.dumps(document, indent=1))
    (folder / "waivers.json").write_text("[]")
    return full, {
        "name": full,
        "constructPath": full,
        "workingDirectory": f"stacks/{full}",
        "synthesizedStackPath": f"stacks/{full}/cdk.tf.json",
        "annotations": [],
        "dependencies": [names.stack(each) for each in reads],
    }


parser = argparse.ArgumentParser()
parser.add_argument("--environment", action="append")
wanted = parser.parse_args().environment
out = Path(os.environ["CDKTF_OUTDIR"])
shutil.rmtree(out / "stacks", ignore_errors=True)
entries = {}
for each in load_all(HERE / "environments"):
    if wanted and each.name not in wanted:
        continue
    colour = COLOURS[each.name]
    resources = {"terraform_data": {"page": {"input": colour}}} if colour else {}
    outputs = {"colour": {"value": colour}, "id": {"value": "${terraform_data.page.id}"}} if colour else {}
    entries |= [stack("delivery", each, {}, {})]
    if colour is not None:
        entries |= [stack("web", each, resources, outputs)]
    before = "web"
    for number in range(COPIES.get(each.name, 0)):
        name = "-".join(["copy"] * (number + 1))
        copied = {"terraform_data": {"copy": {"input": f"${{data.terraform_remote_state.{before}.outputs.id}}"}}}
        entries |= [stack(name, each, copied, {"id": {"value": "${terraform_data.copy.id}"}}, reads=[before])]
        before = name
(out / "manifest.json").write_text(json.dumps({"version": "0.21.0", "stacks": entries}, indent=1))
