"""Does every stack have a plan, and was its bundle planned from this commit, with these tools, by this run?"""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.gate.facts import Files, RunFacts, StackFacts
from groundwork.plan.commit import MARK
from groundwork.refusals import Code, Refusal, shortened
from groundwork.synthesis.provider_locks import PLACED
from groundwork.terraform.terraform import PLAN_FILE

_NAMED = 4  # files or tools in a sentence

_NOT_SYNTHESISED = frozenset({PLAN_FILE, PLACED})
"""The plan itself, and the lock file, which has its own refusal."""

_READ_BY_TERRAFORM = (".tf", ".tf.json", ".tfvars", ".tfvars.json")


def check_run(run: RunFacts) -> Iterator[Refusal]:
    """FOREIGN_COMMIT and RERUN_WITHOUT_PLAN of the whole run."""
    index = run.index
    if index.commit != run.commit:
        yield Refusal(
            Code.FOREIGN_COMMIT,
            f"the plans are of commit {_short(index.commit)}, the checkout is at {_short(run.commit)}",
            run.plan_again,
        )
    if run.target == "aws" and not run.on_main:
        yield Refusal(
            Code.FOREIGN_COMMIT,
            f"commit {_short(run.commit)} is not on main; {run.environment} is deployed from main only, tagged or not",
            f"merge it, then: {run.plan_again}",
        )
    if (index.run_id, index.run_attempt) != (run.run_id, run.run_attempt):
        yield Refusal(
            Code.RERUN_WITHOUT_PLAN,
            f"the plans are of run {index.run_id}, attempt {index.run_attempt}; this is run {run.run_id}, attempt "
            f"{run.run_attempt}, which has not planned",
            run.plan_again,
        )


def check_planned(run: RunFacts) -> Iterator[Refusal]:
    """PROVIDER_MISSING for stacks that cannot be planned here, BUNDLE_MISSING for others without a plan."""
    planned = {stored.stack for stored in run.index.bundles} | {waiting.stack for waiting in run.index.waiting}
    for stack in run.wanted:
        if stack in planned:
            continue
        if why := run.unplannable.get(stack):
            yield Refusal(Code.PROVIDER_MISSING, f"it could not be planned: {why}", "gw doctor", stack)
        else:
            yield Refusal(Code.BUNDLE_MISSING, "the index has no plan of it", f"gw plan make {stack}", stack)


def check_integrity(run: RunFacts, facts: StackFacts) -> Iterator[Refusal]:
    """BUNDLE_TAMPERED, unless archive, files and bundle.json are those that the plan job handed over."""
    problems = [*_not_this_bundle(run, facts)]
    if differences := _differences(facts.bundle.files, facts.files):
        problems.append(f"files differ from those that were planned: {shortened(differences, _NAMED)}")
    if problems:
        yield Refusal(Code.BUNDLE_TAMPERED, "; ".join(problems), run.plan_again, facts.stack)


def check_origin(run: RunFacts, facts: StackFacts) -> Iterator[Refusal]:
    """FOREIGN_COMMIT, RERUN_WITHOUT_PLAN, SYNTH_DIFFERS, LOCK_FILE_DIFFERS and TOOL_VERSION_DIFFERS of one bundle."""
    bundle = facts.bundle
    if bundle.commit != run.index.commit:
        yield Refusal(
            Code.FOREIGN_COMMIT,
            f"this bundle is of commit {_short(bundle.commit)}, the index of {_short(run.index.commit)}",
            run.plan_again,
            facts.stack,
        )
    if facts.applied:
        yield Refusal(
            Code.RERUN_WITHOUT_PLAN, f"this bundle was applied already: {facts.applied}", run.plan_again, facts.stack
        )
    if sentence := _synth_differs(facts):
        yield Refusal(Code.SYNTH_DIFFERS, sentence, run.plan_again, facts.stack)
    # An orphan is destroyed with the lock of its last applied bundle: the checkout has none for it any more.
    if facts.in_code and bundle.lock_file_sha256 != facts.lock_file_sha256:
        yield Refusal(
            Code.LOCK_FILE_DIFFERS,
            "the provider lock file of the bundle is not the one that is committed",
            run.plan_again,
            facts.stack,
        )
    if different := [*_tools(facts)]:
        yield Refusal(
            Code.TOOL_VERSION_DIFFERS,
            f"planned with other tools: {shortened(different, _NAMED)}",
            "gw doctor",
            facts.stack,
        )


def _not_this_bundle(run: RunFacts, facts: StackFacts) -> Iterator[str]:
    stored, bundle = facts.stored, facts.bundle
    if facts.archive_sha256 != stored.digest:
        yield f"the archive has SHA-256 {facts.archive_sha256[:12]}…, the index says {stored.digest[:12]}…"
    if (bundle.stack, bundle.environment) != (stored.stack, run.environment):
        yield f"it is a bundle of {bundle.stack} in {bundle.environment}, not of {stored.stack} in {run.environment}"
    if (bundle.run_id, bundle.run_attempt) != (run.index.run_id, run.index.run_attempt):
        yield f"it is of run {bundle.run_id}, attempt {bundle.run_attempt}, unlike the index"
    if (bundle.outcome, bundle.wave, bundle.provisional) != (stored.outcome, stored.wave, stored.provisional):
        yield "its outcome or wave is not the one that the index shows"
    if not facts.fingerprint_holds:
        yield "its fingerprint does not belong to its plan"


def _differences(expected: Files, actual: Files) -> list[str]:
    return (
        [f"{path} is missing" for path in sorted(expected.keys() - actual.keys())]
        + [f"{path} is new" for path in sorted(actual.keys() - expected.keys())]
        + [f"{path} is changed" for path in sorted(expected.keys() & actual.keys()) if expected[path] != actual[path]]
    )


def _synth_differs(facts: StackFacts) -> str:
    if facts.synthesised is None:
        return "" if facts.bundle.purpose == "destroy" else "the checkout does not synthesise this stack"
    now = {path: sha for path, sha in facts.synthesised.items() if path not in _NOT_SYNTHESISED}
    # Files that an earlier synthesis left in the planned folder do no harm, unless Terraform reads them.
    planned = {
        path: sha for path, sha in facts.bundle.files.items() if path in now or path.endswith(_READ_BY_TERRAFORM)
    }
    differences = _differences(planned, now)
    return f"the checkout does not synthesise what was planned: {shortened(differences, _NAMED)}" if differences else ""


def _tools(facts: StackFacts) -> Iterator[str]:
    planned, now = facts.bundle.tools, facts.tools
    for name, then, here in (("terraform", planned.terraform, now.terraform), ("cdktf", planned.cdktf, now.cdktf)):
        if then != here:
            yield f"{name} {then}, here {here}"
    if not facts.in_code:
        return  # the checkout names no providers for it: they are those of its last applied bundle
    for source in sorted(planned.providers.keys() | now.providers.keys()):
        then, here = planned.providers.get(source, "none"), now.providers.get(source, "none")
        if then != here:
            yield f"{source} {then}, here {here}"


def _short(commit: str) -> str:
    """Twelve digits of the commit, and the digest of uncommitted changes."""
    sha, mark, edits = commit.partition(MARK)
    return sha[:12] + (f" with uncommitted changes ({edits})" if mark else "")
