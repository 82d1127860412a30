"""The shapes of DynamoDB, API version 2012-08-10: made by tools/make_api.py. At run time each of them is a dictionary."""


def __getattr__(name: str) -> type[dict[str, object]]:
    if name.startswith("__"):
        raise AttributeError(name)
    return dict
