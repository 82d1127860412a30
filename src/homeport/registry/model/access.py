"""Access rules: who may pull, push and delete in which repositories."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from homeport.kernel.auth.principal import Principal
from homeport.kernel.config.access_rule import AccessRule
from homeport.kernel.errors import OperatorError

Action = Literal["pull", "push", "delete"]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

EVERYONE: Final = "*"
"""In a rule's users: every user with a password."""

NOBODY_KNOWN: Final = "anonymous"
"""In a rule's users: callers without credentials, and so everybody else as well."""

BUT: Final = "!"
"""Before a name in a rule's users: not this one, whoever else is meant."""

_pattern_component = re.compile(r"[a-z0-9._*-]+").fullmatch
_NOTHING = re.compile(r"(?!)")
_ANYTHING = "**"
_MAX_REMEMBERED = 4096


class AccessRuleError(OperatorError):
    """An access rule that means nothing, or not what its writer thought."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One permission: these people may do these things in repositories of these names.

    Attributes:
        users: names; `*` is everybody who has logged in.
        groups: names of groups, any one of which is enough.
        anonymous: whether callers without credentials count as well.
        patterns: `*` stands for text inside one component of a name, `**` for any number of whole components.
        excluded: names that the rule does not speak of, whatever else it says.
    """

    users: frozenset[str]
    groups: frozenset[str]
    anonymous: bool
    patterns: tuple[str, ...]
    actions: frozenset[Action]
    excluded: frozenset[str] = frozenset()

    def concerns(self, principal: Principal, groups: frozenset[str]) -> bool:
        """Whether the rule speaks of this caller, who belongs to these groups."""
        if self.anonymous or not principal.name:
            return self.anonymous
        if principal.name in self.excluded:
            return False
        return EVERYONE in self.users or principal.name in self.users or not groups.isdisjoint(self.groups)


class Rules:
    """All rules together: something is allowed if one of them allows it.

    Without any rule, every user may do everything, and anonymous callers may pull if the settings say so.
    """

    def __init__(self, rules: Sequence[Rule], groups: Mapping[str, frozenset[str]] | None = None) -> None:
        self._rules = tuple(rules)
        self._groups = {user: frozenset(of) for user, of in _turned(groups or {}).items()}
        self._compiled: dict[tuple[Principal, Action], re.Pattern[str] | None] = {}

    @classmethod
    def from_settings(
        cls,
        access: Sequence[AccessRule],
        groups: Mapping[str, frozenset[str]],
        *,
        anonymous_pull: bool,
    ) -> "Rules":
        """The rules that the settings `registry.access`, `registry.groups` and `registry.anonymous_pull` make.

        Raises:
            AccessRuleError: with the place of the mistake.
        """
        if not access:
            return cls(_default_rules(anonymous_pull=anonymous_pull), groups)
        if anonymous_pull:
            raise AccessRuleError(
                "registry.anonymous_pull has no effect beside registry.access",
                hint="remove it, and add a rule for `users: [anonymous]` with the repositories that anybody may pull",
            )
        return cls([_to_rule(rule, number, groups) for number, rule in enumerate(access, start=1)], groups)

    def allow(self, principal: Principal, action: Action, repository: str) -> bool:
        """Whether the caller may do this in the repository of this name, be there one or not."""
        pattern = self._pattern(principal, action)
        return pattern is None or pattern.fullmatch(repository) is not None

    def allow_everywhere(self, principal: Principal, action: Action) -> bool:
        """Whether no repository is closed to the caller, so that listings need no filter."""
        return self._pattern(principal, action) is None

    def allow_anywhere(self, principal: Principal, action: Action) -> bool:
        """Whether there is any repository, existing or not, in which the caller may do this."""
        return self._pattern(principal, action) is not _NOTHING

    def _pattern(self, principal: Principal, action: Action) -> re.Pattern[str] | None:
        """All that concerns one caller, compiled once; `None` stands for every repository."""
        key = (principal, action)
        try:
            return self._compiled[key]
        except KeyError:
            if len(self._compiled) >= _MAX_REMEMBERED:
                self._compiled.clear()
            found = self._compiled[key] = self._compile(principal, action)
            return found

    def _compile(self, principal: Principal, action: Action) -> re.Pattern[str] | None:
        groups = principal.groups | self._groups.get(principal.name, frozenset())
        patterns = dict.fromkeys(
            pattern
            for rule in self._rules
            if action in rule.actions and rule.concerns(principal, groups)
            for pattern in rule.patterns
        )
        if _ANYTHING in patterns:
            return None
        return re.compile("|".join(map(_to_expression, patterns))) if patterns else _NOTHING


def _turned(groups: Mapping[str, frozenset[str]]) -> dict[str, set[str]]:
    """Groups by user instead of users by group."""
    found: dict[str, set[str]] = {}
    for group, users in groups.items():
        for user in users:
            found.setdefault(user, set()).add(group)
    return found


def _default_rules(*, anonymous_pull: bool) -> list[Rule]:
    nobody: frozenset[str] = frozenset()
    rules = [Rule(frozenset({EVERYONE}), nobody, anonymous=False, patterns=(_ANYTHING,), actions=frozenset(ACTIONS))]
    if anonymous_pull:
        rules.append(Rule(nobody, nobody, anonymous=True, patterns=(_ANYTHING,), actions=frozenset({"pull"})))
    return rules


def _to_rule(rule: AccessRule, number: int, groups: Mapping[str, frozenset[str]]) -> Rule:
    where = f"registry.access, rule {number}"
    if unknown := sorted(set(rule.groups) - groups.keys()):
        known = ", ".join(sorted(groups)) or "there are none"
        raise AccessRuleError(f"{where}: no group {unknown[0]!r} in registry.groups", hint=f"groups: {known}")
    if unknown_actions := sorted(rule.actions.difference(ACTIONS)):
        raise AccessRuleError(f"{where}: unknown action {unknown_actions[0]!r}", hint="actions: pull, push, delete")
    excluded = frozenset(name.removeprefix(BUT) for name in rule.users if name.startswith(BUT))
    if excluded and NOBODY_KNOWN in rule.users:
        raise AccessRuleError(
            f"{where}: {BUT}{min(excluded)} beside {NOBODY_KNOWN} keeps nobody out",
            hint="whoever leaves the password away is anonymous",
        )
    return Rule(
        users=frozenset(name for name in rule.users if not name.startswith(BUT)),
        groups=frozenset(rule.groups),
        anonymous=NOBODY_KNOWN in rule.users,
        patterns=tuple(_read_pattern(text, where) for text in rule.repositories),
        actions=frozenset(action for action in ACTIONS if action in rule.actions),
        excluded=excluded,
    )


def _read_pattern(text: str, where: str) -> str:
    for component in text.split("/"):
        if _pattern_component(component) is None or ("**" in component and component != "**"):
            raise AccessRuleError(
                f"{where}: {text!r} is no pattern of repository names",
                hint="* stands for text inside one component, ** for whole components: team-*, team/*, team/**",
            )
    return text


def _to_expression(pattern: str) -> str:
    """A regular expression for one pattern; `**` also stands for no component at all."""
    *before, last = pattern.split("/")
    parts = ["(?:[^/]+/)*" if component == "**" else _component_expression(component) + "/" for component in before]
    parts.append(".+" if last == "**" else _component_expression(last))
    return "".join(parts)


def _component_expression(component: str) -> str:
    return "[^/]*".join(map(re.escape, component.split("*")))
