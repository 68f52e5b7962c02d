"""docs/runbooks/database-restore.md, rehearsed on a real Postgres: rows that were deleted come back, later ones stay.

RDS keeps the base backup and the log itself; here they lie in a bucket of the embedded AWS. What a person does with
the restored server is the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.archived_postgres import Archive, Server, archive_log, archiving, back_up, new_server, restored
from tests.support.cloud_project import CloudProject

pytestmark = [pytest.mark.slow]

RUNBOOK = Path("docs/runbooks/database-restore.md")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that Postgres' user may enter: pytest's own are private."""
    made = Path(tempfile.mkdtemp(prefix="restore-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def archive(embedded_aws: CloudProject) -> Iterator[Archive]:
    s3 = embedded_aws.client("s3")
    s3.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    yield Archive(s3, "backups")
    for entry in s3.list_objects_v2(Bucket="backups").get("Contents", ()):
        s3.delete_object(Bucket="backups", Key=entry["Key"])
    s3.delete_bucket(Bucket="backups")


@pytest.fixture
def ledger(folder: Path, checkout: Path) -> Iterator[Server]:
    """A server that archives, with the ledger's schema."""
    program = checkout / "services" / ".venv" / "bin" / "ledger"
    if not program.exists():
        pytest.skip("the services' packages are not installed; `tools/setup.sh services` installs them")
    server = new_server(folder / "first")
    with server.running(**archiving(server)):
        environ = {**os.environ, "DATABASE_URL": server.url, "LEDGER_AUTH_TOKEN": "of the test"}
        subprocess.run([str(program), "migrate"], env=environ, check=True, capture_output=True)
        yield server


def post(server: Server, *identifiers: str) -> None:
    for identifier in identifiers:
        lines = '[{"account": "alice", "delta": -100}, {"account": "bob", "delta": 100}]'
        server.sql(f"INSERT INTO transactions VALUES ('{identifier}', now(), '{{}}', '{lines}')")  # noqa: S608 - a constant


def posted(server: Server) -> list[str]:
    return server.sql("SELECT id FROM transactions ORDER BY id").splitlines()


def statements(checkout: Path) -> dict[str, str]:
    """The runbook's SQL, by the word in its first comment."""
    blocks = (checkout / RUNBOOK).read_text(encoding="utf-8").split("```sql\n")[1:]
    texts = [block.partition("```")[0] for block in blocks]
    return {text.split()[1]: text for text in texts}


@pytest.mark.row("3.4")
def test_rows_deleted_by_mistake_come_back_and_later_ones_stay(
    ledger: Server, archive: Archive, folder: Path, checkout: Path
) -> None:
    runbook = statements(checkout)
    post(ledger, "before the backup")
    back_up(ledger, archive)
    post(ledger, "after the backup")
    just_before = ledger.sql("SELECT now()")
    # Somebody with the owner's rights forgets a condition.
    ledger.sql(
        "SET session_replication_role = replica; DELETE FROM lines; DELETE FROM balances; DELETE FROM transactions;"
    )
    post(ledger, "after the mistake")
    archive_log(ledger, archive)

    with restored(archive, folder / "second", until=just_before) as second:
        assert posted(second) == ["after the backup", "before the backup"]
        assert second.sql(runbook["compare"]).splitlines()[-1] == "2|0"
        export = folder / "lost.csv"
        export.touch()
        export.chmod(0o666)
        second.sql(runbook["export"].replace("lost.csv", str(export)))
    ledger.sql(runbook["import"].replace("lost.csv", str(export)))
    assert posted(ledger) == ["after the backup", "after the mistake", "before the backup"]
    assert ledger.sql(runbook["compare"]).splitlines()[-1] == "3|0"
    assert ledger.sql("SELECT sum(amount) FROM balances WHERE account_id = 'bob'") == "300"
    # A second import changes nothing.
    ledger.sql(runbook["import"].replace("lost.csv", str(export)))
    assert ledger.sql(runbook["compare"]).splitlines()[-1] == "3|0"
