"""The main.py of a planned project: writes what cdktf would from stacks.json, a folder per stack and the manifest."""

import json
import os
import pathlib

out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
stacks = json.loads(pathlib.Path("stacks.json").read_text())
manifest = {"version": "0.21.0", "stacks": {}}
for name, stack in stacks.items():
    folder = out / "stacks" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdk.tf.json").write_text(json.dumps(stack["terraform"], indent=2))
    for asset, content in stack["assets"].items():
        (folder / asset).parent.mkdir(parents=True, exist_ok=True)
        (folder / asset).write_text(content)
    manifest["stacks"][name] = {
        "name": name,
        "constructPath": name,
        "workingDirectory": f"stacks/{name}",
        "synthesizedStackPath": f"stacks/{name}/cdk.tf.json",
        "annotations": [],
        "dependencies": stack["dependencies"],
    }
(out / "manifest.json").write_text(json.dumps(manifest, indent=2))
