"""Commits, pull requests, runs, deployments and their approvals, which the gate reads."""

from __future__ import annotations

from typing import Any

from tests.support.fake_github.routing import Call, Created, Paged, route
from tests.support.fake_github.state import Refusal, user


@route("GET", "", "metadata: read")
def repository(call: Call) -> Any:
    state = call.state
    return {
        "id": state.repository_id,
        "full_name": state.repository,
        "private": state.private,
        "visibility": "private" if state.private else "public",
        "default_branch": "main",
        "owner": {**user(state.owner), "id": state.owner_id, "type": "Organization" if state.organisation else "User"},
    }


@route("GET", "commits/<sha>", "contents: read")
def commit(call: Call, sha: str) -> Any:
    if sha not in call.state.commits:
        raise Refusal(422, f"No commit found for SHA: {sha}")
    return call.state.commits[sha].json()


@route("GET", "commits/<sha>/pulls", "pull-requests: read")
def pulls_of_commit(call: Call, sha: str) -> Any:
    state = call.state
    pulls = [pull for pull in state.pulls.values() if sha in (*pull.commits, pull.merge_sha)]
    return Paged([pull.brief(state.repository) for pull in pulls])


@route("GET", "pulls/<number>", "pull-requests: read")
def pull(call: Call, number: str) -> Any:
    return _pull(call, number).json(call.state.repository)


@route("GET", "pulls/<number>/commits", "pull-requests: read")
def commits_of_pull(call: Call, number: str) -> Any:
    # "Lists a maximum of 250 commits for a pull request."
    return Paged([call.state.commits[sha].json() for sha in _pull(call, number).commits[:250]])


@route("GET", "compare/<base>...<head>", "contents: read")
def compare(call: Call, base: str, head: str) -> Any:
    for pull in call.state.pulls.values():
        if (pull.base_sha, pull.head_sha) == (base, head):
            return Paged([call.state.commits[sha].json() for sha in pull.commits], "commits")
    if not {base, head} <= set(call.state.history):
        raise Refusal(404, "Not Found")
    between = call.state.history[call.state.history.index(base) + 1 : call.state.history.index(head) + 1]
    return Paged([call.state.commits[sha].json() for sha in between], "commits")


@route("GET", "branches/<branch>", "contents: read")
def branch(call: Call, branch: str) -> Any:
    if branch != "main" or not call.state.history:
        raise Refusal(404, "Branch not found")
    return {"name": branch, "commit": {"sha": call.state.history[-1]}}


@route("GET", "actions/runs/<run_id>", "actions: read")
def run(call: Call, run_id: str) -> Any:
    return call.fake.shown(_run(call, run_id))


@route("GET", "actions/workflows/<workflow_id>/runs", "actions: read")
def runs_of_workflow(call: Call, workflow_id: str) -> Any:
    shown = [call.fake.shown(run) for run in call.fake.runs.values()]
    wanted = {key: call.query[key] for key in ("event", "status") if key in call.query} | {"workflow_id": workflow_id}
    return Paged(
        [run for run in reversed(shown) if all(str(run[key]) == wanted[key] for key in wanted)], "workflow_runs"
    )


@route("GET", "actions/runs/<run_id>/jobs", "actions: read")
def jobs_of_run(call: Call, run_id: str) -> Any:
    return Paged([run_job.json() for run_job in call.fake.jobs_of(_run(call, run_id))], "jobs")


@route("POST", "actions/runs/<run_id>/cancel", "actions: write")
def cancel(call: Call, run_id: str) -> Any:
    run = _run(call, run_id)
    if run.cancelled:
        raise Refusal(409, "Cannot cancel a workflow run that is completed.")
    call.fake.cancel(run)
    return Created({})


@route("GET", "actions/runs/<run_id>/approvals", "actions: read")
def approvals(call: Call, run_id: str) -> Any:
    run = _run(call, run_id)
    return [
        {
            "state": review["state"],
            "comment": review["comment"],
            "user": user(review["by"]),
            "environments": [{"id": call.state.environment(review["environment"]).id, "name": review["environment"]}],
        }
        for review in reversed(call.state.reviews)
        if review["run_id"] == run.id
    ]


@route("GET", "actions/runs/<run_id>/pending_deployments", "actions: read")
def pending(call: Call, run_id: str) -> Any:
    run = _run(call, run_id)
    waiting = [
        deployment
        for deployment in call.state.deployments
        if deployment.run_id == run.id and deployment.state == "waiting"
    ]
    return [
        {
            "environment": {"id": environment.id, "name": environment.name},
            "wait_timer": 0,
            "current_user_can_approve": call.state.may_review(environment, call.caller.login),
            "reviewers": environment.reviewers,
        }
        for environment in (call.state.environment(deployment.environment) for deployment in waiting)
    ]


@route("POST", "actions/runs/<run_id>/pending_deployments", "deployments: write")
def review(call: Call, run_id: str) -> Any:
    run = _run(call, run_id)
    names = {environment.id: environment.name for environment in call.state.environments.values()}
    for number in call.body["environment_ids"]:
        call.fake.review(run, names[number], by=call.caller.login, state=call.body["state"])
    return []


@route("GET", "deployments", "deployments: read")
def deployments(call: Call) -> Any:
    wanted = {key: call.query[key] for key in ("sha", "environment", "ref") if key in call.query}
    matching = [known for known in call.state.deployments if all(getattr(known, key) == wanted[key] for key in wanted)]
    return Paged(
        [
            {
                "id": deployment.id,
                "sha": deployment.sha,
                "ref": deployment.ref,
                "task": "deploy",
                "environment": deployment.environment,
                "creator": user("github-actions[bot]"),
                "created_at": deployment.created_at,
            }
            for deployment in reversed(matching)
        ]
    )


@route("GET", "deployments/<number>/statuses", "deployments: read")
def statuses(call: Call, number: str) -> Any:
    for deployment in call.state.deployments:
        if deployment.id == int(number):
            return Paged(list(reversed(deployment.statuses)))
    raise Refusal(404, "Not Found")


def _pull(call: Call, number: str) -> Any:
    if int(number) not in call.state.pulls:
        raise Refusal(404, "Not Found")
    return call.state.pulls[int(number)]


def _run(call: Call, run_id: str) -> Any:
    if int(run_id) not in call.fake.runs:
        raise Refusal(404, "Not Found")
    return call.fake.runs[int(run_id)]
