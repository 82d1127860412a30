"""Attribute values and items, for property tests."""

from base64 import b64encode

from hypothesis import strategies as st

from homeport.aws.services.dynamodb.model.values import Value

names = st.text("abcdefg_", min_size=1, max_size=4)
strings = st.text(max_size=6).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))
integers = st.integers(-1000, 1000).map(str)
binaries = st.binary(max_size=6).map(lambda data: b64encode(data).decode())

scalars: st.SearchStrategy[Value] = st.one_of(
    strings.map(lambda text: {"S": text}),
    integers.map(lambda number: {"N": number}),
    binaries.map(lambda data: {"B": data}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
)
sets: st.SearchStrategy[Value] = st.one_of(
    st.lists(strings, min_size=1, max_size=4, unique=True).map(lambda members: {"SS": members}),
    st.lists(integers, min_size=1, max_size=4, unique=True).map(lambda members: {"NS": members}),
)
values: st.SearchStrategy[Value] = st.recursive(
    st.one_of(scalars, sets),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda elements: {"L": elements}),
        st.dictionaries(names, inner, max_size=3).map(lambda fields: {"M": fields}),
    ),
    max_leaves=6,
)
items = st.dictionaries(names, values, max_size=5)
