"""Values of config.yml taken out with their types, each with its path in the error."""

from homeport.registry.distribution.document import DistributionConfigError, Tree, look_up
from homeport.registry.distribution.durations import parse_duration

_TRUE = frozenset({"true", "yes", "on", "y"})
_FALSE = frozenset({"false", "no", "off", "n"})


class Values:
    """A tree with typed access; absent, null and empty values are the default."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def text(self, path: str, default: str = "") -> str:
        """A scalar as it was typed.

        Raises:
            DistributionConfigError: a list or a map stands there.
        """
        match look_up(self._tree, path):
            case None | "":
                return default
            case str(text):
                return text
            case _:
                raise DistributionConfigError(f"{path}: expected a single value")

    def boolean(self, path: str, *, default: bool = False) -> bool:
        """YAML's words for yes and no.

        Raises:
            DistributionConfigError: another word stands there.
        """
        word = self.text(path).lower()
        if not word:
            return default
        if word not in _TRUE | _FALSE:
            raise DistributionConfigError(f"{path}: expected true or false, got {word!r}")
        return word in _TRUE

    def number(self, path: str, default: int) -> int:
        """A whole number.

        Raises:
            DistributionConfigError: none stands there.
        """
        text = self.text(path)
        try:
            return int(text) if text else default
        except ValueError:
            raise DistributionConfigError(f"{path}: expected a whole number, got {text!r}") from None

    def seconds(self, path: str, default: float) -> float:
        """A Go duration, in seconds.

        Raises:
            DistributionConfigError: none stands there.
        """
        text = self.text(path)
        try:
            return parse_duration(text) if text else default
        except ValueError:
            raise DistributionConfigError(f"{path}: expected a duration such as 168h or 1m30s, got {text!r}") from None

    def keys(self, path: str) -> list[str]:
        """The keys of a map; a bare word is a map of that one key."""
        found = look_up(self._tree, path)
        if isinstance(found, str) and found:
            return [found]
        return list(found) if isinstance(found, dict) else []

    def says(self, path: str) -> bool:
        """Whether anything stands there that is not empty and not a plain no."""
        return _says(look_up(self._tree, path))

    def tree(self, path: str) -> Tree:
        """Whatever stands there."""
        return look_up(self._tree, path)


def texts_in(tree: Tree, path: str) -> list[str]:
    """The scalars of a list that stands at this path; a single one is a list of one.

    Raises:
        DistributionConfigError: something else stands there.
    """
    items = tree if isinstance(tree, list) else [] if tree is None or tree == "" else [tree]
    if not all(isinstance(item, str) for item in items):
        raise DistributionConfigError(f"{path}: expected a list of values")
    return [item for item in items if isinstance(item, str)]


def _says(tree: Tree) -> bool:
    match tree:
        case None:
            return False
        case str():
            return bool(tree) and tree.lower() not in _FALSE
        case list():
            return bool(tree)
        case dict():
            return any(map(_says, tree.values()))
