"""The shapes of STS, API version 2011-06-15: made by tools/make_api.py. At run time each of them is a dictionary."""


def __getattr__(name: str) -> type[dict[str, object]]:
    if name.startswith("__"):
        raise AttributeError(name)
    return dict
