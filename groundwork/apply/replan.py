"""Plans a provisional stack again after its upstream was applied, and checks that the plan is the approved one."""

from __future__ import annotations

import shutil
from dataclasses import replace

from groundwork.apply.held_back import plan_command
from groundwork.gate import world
from groundwork.plan import digest
from groundwork.plan.bundle import Stored, state_of
from groundwork.plan.extracted import Extracted
from groundwork.plan.fingerprint import semantic_digest
from groundwork.refusals import Code, Refusal, shortened
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.terraform import PLAN_FILE
from groundwork.toolchain.secure_tempdir import secure_tempdir


def replan(store: PlanStore, extracted: Extracted, stored: Stored) -> tuple[Extracted, Refusal | None]:
    """Plan a stack in its bundle's folder against the states as they are now.

    With the same changes the new plan replaces the approved one, which was made from planned outputs. With other
    changes the result is WAVE_DIFFERS, and nothing is touched.
    """
    stack, terraform = stored.stack, extracted.workspace.terraform(stored.stack)
    bundle, approved = extracted.bundles[stack], extracted.folder(stack) / PLAN_FILE
    with secure_tempdir() as folder:
        fresh = terraform.plan(folder / PLAN_FILE)
        if not store.same_changes(stored, semantic_digest(fresh.document)):
            comparison = world.compare(terraform.show(approved), fresh.document, same=False)
            drifted = [f"{name} ({', '.join(names)}, changed outside)" for name, names in comparison.drift.items()]
            what = shortened([*comparison.different, *sorted(drifted)]) or "in what its fingerprint covers"
            sentence = f"after its upstream was applied, its plan differs from the approved one: {what}"
            return extracted, Refusal(Code.WAVE_DIFFERS, sentence, plan_command(stack), stack)
        shutil.copyfile(fresh.path, approved)
    files = {**bundle.files, PLAN_FILE: digest.of_file(approved)}
    final = bundle.model_copy(update={"files": files, "state": state_of(approved)})
    return replace(extracted, bundles={**extracted.bundles, stack: final}), None
