"""The store of plans: bundles are written once and verified by digest, version and MAC; decisions are recorded."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from groundwork.errors import Refused
from groundwork.plan import archive
from groundwork.plan.bundle import Bundle, Index, Stored
from groundwork.plan.digest import of_bytes
from groundwork.refusals import Code, Refusal
from groundwork.store import applied, audit, mac
from groundwork.store.applied import Applied
from groundwork.store.audit import Decision
from groundwork.store.mac import Mac
from groundwork.store.objects import AlreadyStored, NotReadable, NotStored, Objects, Place

MAIN = "main"
# Only plans of main are applied.
_FETCHED_FROM = (f"{MAIN}/", f"{applied.PREFIX}/")
_PLAN_AGAIN = "gw plan make && gw plan push, and a new approval"
_ARCHIVE = "application/gzip"
_JSON = "application/json"


@dataclass(frozen=True)
class PlanStore:
    """The plans of one environment. `objects` and `mac` are S3 and KMS, on AWS or embedded."""

    environment: str
    objects: Objects
    mac: Mac

    # ── bundles ────────────────────────────────────────────────────────────────────────────────────
    def push(self, bundle: Bundle, body: bytes) -> Stored:
        """Store a bundle, whose archive is `body`, under a new key; raises ValueError for another environment's."""
        if bundle.environment != self.environment:
            raise ValueError(f"{bundle.stack} is of {bundle.environment}, this store of {self.environment}")
        digest = of_bytes(body)
        folder = f"{MAIN}/{bundle.run_id}-{bundle.run_attempt}/{bundle.stack}"
        place = self._put(lambda: f"{folder}/{uuid.uuid4().hex}.tar.gz", body, _ARCHIVE)
        return Stored(
            stack=bundle.stack,
            location=place.location,
            version_id=place.version,
            digest=digest,
            mac=self.mac.generate(
                mac.bundle_message(
                    digest=digest,
                    environment=self.environment,
                    stack=bundle.stack,
                    commit=bundle.commit,
                    run_id=bundle.run_id,
                    run_attempt=bundle.run_attempt,
                )
            ),
            fingerprint=self.fingerprint(bundle.stack, bundle.semantic_digest),
            outcome=bundle.outcome,
            wave=bundle.wave,
            provisional=bundle.provisional,
        )

    def fetch(self, stored: Stored, *, index: Index | Applied) -> bytes:
        """The bytes of a bundle, verified to be those that the run of `index` planned from its commit.

        Raises Refused with `bundle-missing` where the object does not exist, and with `bundle-tampered` where the
        location, the bytes or the MAC are not those of that run.
        """
        body = self._read(stored)
        if of_bytes(body) != stored.digest:
            raise _tampered(f"the bytes at {stored.location} are not those that were planned", stored)
        message = mac.bundle_message(
            digest=stored.digest,
            environment=self.environment,
            stack=stored.stack,
            commit=index.commit,
            run_id=index.run_id,
            run_attempt=index.run_attempt,
        )
        if index.environment != self.environment or not self.mac.verify(message, stored.mac):
            sentence = (
                f"the plan's MAC is not that of {stored.stack} in {self.environment}, planned by run "
                f"{index.run_id or '(none)'} attempt {index.run_attempt} from commit {index.commit[:12]}"
            )
            raise _tampered(sentence, stored)
        return body

    def _read(self, stored: Stored) -> bytes:
        """The bytes at the location and version that the index names."""
        try:
            key = self.objects.key_of(stored.location)
            return self.objects.get(_fetchable(key), stored.version_id)
        except NotReadable as error:
            raise _tampered(f"the index names a location that plans are not fetched from: {error}", stored) from error
        except NotStored as error:
            sentence = f"the plan is not, or no longer, at {error}"
            raise Refused([Refusal(Code.BUNDLE_MISSING, sentence, _PLAN_AGAIN, stack=stored.stack)]) from error

    def _put(self, name: Callable[[], str], body: bytes, media_type: str) -> Place:
        try:
            return self.objects.put_new(name(), body, media_type=media_type)
        except AlreadyStored:
            # Keys are random, so the object is from an earlier attempt whose answer was lost. Its version is unknown.
            return self.objects.put_new(name(), body, media_type=media_type)

    # ── fingerprints ───────────────────────────────────────────────────────────────────────────────
    def fingerprint(self, stack: str, semantic_digest: str) -> str:
        """The keyed fingerprint of what a plan would change; needs permission to generate MACs."""
        return self.mac.generate(self._changes(stack, semantic_digest))

    def same_changes(self, stored: Stored, semantic_digest: str) -> bool:
        """Whether a plan changes exactly what the stored one does; needs permission to verify MACs."""
        return self.mac.verify(self._changes(stored.stack, semantic_digest), stored.fingerprint)

    def _changes(self, stack: str, semantic_digest: str) -> bytes:
        return mac.fingerprint_message(semantic_digest=semantic_digest, environment=self.environment, stack=stack)

    # ── decisions, and what was applied ───────────────────────────────────────────────────────────────
    def record(self, decision: Decision) -> str:
        """Record a decision; returns its location. Raises ValueError for a decision of another environment."""
        if decision.environment != self.environment:
            raise ValueError(f"a decision about {decision.environment} in the store of {self.environment}")
        body = decision.model_dump_json(indent=2).encode()
        return self._put(lambda: audit.key_of(decision), body, _JSON).location

    def decisions(self, *kinds: audit.Kind) -> list[Decision]:
        """Every decision, or the decisions of some kinds, oldest first."""
        listings = (self.objects.keys(f"{audit.PREFIX}/{kind}/") for kind in kinds or audit.KINDS)
        keys = [key for listing in listings for key in listing if key.endswith(".json")]
        keys.sort(key=lambda key: key.rsplit("/", 1)[-1])
        return [Decision.model_validate_json(self.objects.newest(key)) for key in keys]

    def last_deployed(self) -> str:
        """The commit that was applied last to the whole environment; empty where none was."""
        keys = [key for key in self.objects.keys(f"{audit.PREFIX}/deployed/") if key.endswith(".json")]
        return Decision.model_validate_json(self.objects.newest(max(keys))).commit if keys else ""

    def keep_applied(self, stored: Stored, *, index: Index | Applied, at: datetime) -> Applied:
        """Verify a bundle that was applied again, and keep a copy under a key of its own."""
        body = self.fetch(stored, index=index)
        # The same name for all three. The record comes last, so that it never names a bundle that does not exist.
        name = applied.name_of(at)
        place = self.objects.put_new(f"{applied.folder_of(stored.stack)}{name}.tar.gz", body, media_type=_ARCHIVE)
        self.objects.put_new(
            f"{applied.deployed_folder_of(stored.stack)}{name}.tar.gz",
            archive.without_plan(body),
            media_type=_ARCHIVE,
            for_planners=True,
        )
        record = Applied(
            environment=self.environment,
            stored=stored.model_copy(update={"location": place.location, "version_id": place.version}),
            commit=index.commit,
            run_id=index.run_id,
            run_attempt=index.run_attempt,
            applied_at=at,
        )
        content = record.model_dump_json(indent=2).encode()
        self.objects.put_new(f"{applied.folder_of(stored.stack)}{name}.json", content, media_type=_JSON)
        return record

    def last_applied(self, stack: str) -> Applied | None:
        """The latest applied bundle of a stack, for `fetch(applied.stored, index=applied)`; None without one."""
        records = [key for key in self.objects.keys(applied.folder_of(stack)) if key.endswith(".json")]
        return Applied.model_validate_json(self.objects.newest(records[-1])) if records else None

    def deployed(self, stack: str) -> bytes | None:
        """The folder of a stack as it was applied last, as a bundle without its plan; None where it is not deployed.

        For the roles that plan, which may not verify MACs. Only the role that applies writes it, and a plan made from
        it is compared with the bundle itself (`last_applied`) before the apply.
        """
        keys = self.objects.keys(applied.deployed_folder_of(stack))
        return self.objects.newest(keys[-1]) if keys else None


def _fetchable(key: str) -> str:
    if not key.startswith(_FETCHED_FROM) or ".." in key.split("/"):
        raise NotReadable(f"{key} is not a plan of main")
    return key


def _tampered(sentence: str, stored: Stored) -> Refused:
    return Refused([Refusal(Code.BUNDLE_TAMPERED, sentence, _PLAN_AGAIN, stack=stored.stack)])
