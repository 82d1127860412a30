import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.registry.strategies import REPOSITORIES

from homeport.kernel.auth.principal import ANONYMOUS, Principal
from homeport.kernel.config import AccessRule
from homeport.registry.model.access import ACTIONS, AccessRuleError, Action, Rules

ALICE = Principal("alice", frozenset())
BOB = Principal("bob", frozenset())
NO_GROUPS: dict[str, frozenset[str]] = {}


def rule(
    repositories: str, *, users: tuple[str, ...] = (), groups: tuple[str, ...] = (), actions: str = "pull"
) -> AccessRule:
    return AccessRule(tuple(repositories.split()), users, groups, frozenset(actions.split()))


def rules(*written: AccessRule, groups: dict[str, frozenset[str]] = NO_GROUPS) -> Rules:
    return Rules.from_settings(written, groups, anonymous_pull=False)


@pytest.mark.parametrize("action", ACTIONS)
def test_without_rules_every_user_may_do_everything(action: Action) -> None:
    decided = Rules.from_settings((), {}, anonymous_pull=False)

    assert decided.allow(ALICE, action, "any/thing")
    assert decided.allow_everywhere(ALICE, action)
    assert not decided.allow(ANONYMOUS, action, "any/thing")
    assert not decided.allow_anywhere(ANONYMOUS, action)


def test_anonymous_pull_opens_pull_and_nothing_else() -> None:
    decided = Rules.from_settings((), {}, anonymous_pull=True)

    assert [action for action in ACTIONS if decided.allow(ANONYMOUS, action, "a")] == ["pull"]


def test_with_rules_only_what_one_of_them_allows_is_allowed() -> None:
    decided = rules(rule("team/*", users=("alice",), actions="pull push"), rule("public/**", users=("anonymous",)))

    assert decided.allow(ALICE, "push", "team/app")
    assert not decided.allow(ALICE, "delete", "team/app")
    assert not decided.allow(ALICE, "push", "public/app")
    assert decided.allow(ALICE, "pull", "public/deep/app")
    assert decided.allow(ANONYMOUS, "pull", "public/app")
    assert not decided.allow(BOB, "pull", "team/app")
    assert not decided.allow_everywhere(ALICE, "pull")
    assert decided.allow_anywhere(BOB, "pull")
    assert not decided.allow_anywhere(BOB, "push")


def test_a_star_among_users_is_everybody_with_a_password() -> None:
    decided = rules(rule("**", users=("*",)))

    assert decided.allow(BOB, "pull", "x")
    assert not decided.allow(ANONYMOUS, "pull", "x")


def test_a_name_behind_an_exclamation_mark_is_kept_out_of_the_rule() -> None:
    """How an account that only pulls stands beside everybody else."""
    decided = rules(
        rule("**", users=("*", "!bob"), actions="pull push delete"), rule("**", users=("bob",), actions="pull")
    )

    assert [action for action in ACTIONS if decided.allow(ALICE, action, "a/b")] == list(ACTIONS)
    assert [action for action in ACTIONS if decided.allow(BOB, action, "a/b")] == ["pull"]


def test_nobody_is_kept_out_of_what_anonymous_callers_may() -> None:
    with pytest.raises(AccessRuleError, match="!bob beside anonymous"):
        rules(rule("**", users=("anonymous", "!bob")))


def test_members_of_a_group_may_what_the_group_may() -> None:
    decided = rules(rule("ops/**", groups=("ops",), actions="delete"), groups={"ops": frozenset({"bob"})})

    assert decided.allow(BOB, "delete", "ops/x")
    assert not decided.allow(ALICE, "delete", "ops/x")
    assert decided.allow(Principal("carol", frozenset({"ops"})), "delete", "ops/x")


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("app", ["app"], ["app/x", "apps", "x/app"]),
        ("*", ["app", "a-b"], ["a/b"]),
        ("team/*", ["team/a"], ["team", "team/a/b", "teams/a"]),
        ("team-*/x", ["team-a/x", "team-a.b/x"], ["team/x", "team-a/b/x"]),
        ("team/**", ["team/a", "team/a/b"], ["team", "teams/a"]),
        ("**/app", ["app", "a/app", "a/b/app"], ["a/apps", "myapp"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["az", "a/b"]),
        ("a.b", ["a.b"], ["axb"]),
        ("**", ["a", "a/b/c"], []),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, matching: list[str], other: list[str]) -> None:
    decided = rules(rule(pattern, users=("alice",)))

    assert [name for name in matching + other if decided.allow(ALICE, "pull", name)] == matching


@given(REPOSITORIES)
def test_a_name_without_stars_is_a_pattern_of_itself_alone(name: str) -> None:
    decided = rules(rule(name, users=("alice",)))

    assert decided.allow(ALICE, "pull", name)
    assert not decided.allow(ALICE, "pull", name + "x")
    assert not decided.allow(ALICE, "pull", "x/" + name)


@given(st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=4), REPOSITORIES)
def test_allowed_everywhere_means_allowed_in_any_repository(components: list[str], name: str) -> None:
    decided = rules(rule("/".join(components), users=("alice",)))

    if decided.allow_everywhere(ALICE, "pull"):
        assert decided.allow(ALICE, "pull", name)


@pytest.mark.parametrize("pattern", ["", "/", "a//b", "A", "a**", "a/**b", "***", "a b", "a/", "(x|y)", "[ab]"])
def test_what_is_no_pattern_is_refused_with_its_rule_s_number(pattern: str) -> None:
    wrong = AccessRule((pattern,), ("alice",), (), frozenset({"pull"}))

    with pytest.raises(AccessRuleError, match="rule 2"):
        rules(rule("x", users=("alice",)), wrong)


def test_a_group_that_nobody_defined_is_an_error() -> None:
    with pytest.raises(AccessRuleError, match="no group 'opps'") as caught:
        rules(rule("x", groups=("opps",)), groups={"ops": frozenset({"bob"})})
    assert caught.value.hint == "groups: ops"


def test_an_unknown_action_is_an_error() -> None:
    with pytest.raises(AccessRuleError, match="unknown action 'fly'"):
        rules(rule("x", users=("bob",), actions="fly"))


def test_anonymous_pull_beside_rules_is_an_error_rather_than_a_hole() -> None:
    with pytest.raises(AccessRuleError, match="no effect"):
        Rules.from_settings([rule("x", users=("bob",))], {}, anonymous_pull=True)


def test_a_member_who_left_a_group_keeps_nothing_in_new_rules() -> None:
    """CVE-2025-23208: membership is what the settings say now."""
    written = rule("ops/**", groups=("ops",))
    before = rules(written, groups={"ops": frozenset({"bob"})})
    after = rules(written, groups={"ops": frozenset({"alice"})})

    assert before.allow(BOB, "pull", "ops/x")
    assert not after.allow(BOB, "pull", "ops/x")
