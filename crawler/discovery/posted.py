"""Further pages of a listing that its own script asks for: the call that is written there, read and made by ourselves.

No script is run. What is read is the plainest form, which portals on ASP.NET and PHP have in common: one call of
jQuery (``$.ajax``, ``$.post``, ``$.get``) or ``fetch`` whose address and data are written out but for one variable,
the number of the page.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode

from crawler.extraction.page import Page

LONGEST_SCRIPT = 2_000_000
"""Characters of a page of which scripts are read."""

LONGEST_CALL = 5_000
"""Characters of a call: the arguments of one with twenty fields have a thousand."""

_CALL = re.compile(r"(?:(?:\$|jQuery)\s*\.\s*(?P<jquery>ajax|post|get)|\b(?P<fetch>fetch))\s*\(")
_PAGE = re.compile(r"(?:page|trang)_?(?:index|no|num|number|id|so)?|p|pg|paged|index|offset", re.IGNORECASE)
"""What a field or variable for the number of a page is called, where several are not written out."""

_STRING = re.compile(r"""(["'`])((?:\\.|(?!\1)[^\\])*)\1""", re.DOTALL)
_GIVEN = re.compile(
    r"""(?<![\w.$])([A-Za-z_$][\w$]*)\s*=\s*(?:parseInt\(\s*)?(-?\d+(?:\.\d+)?|"[^"\n]*"|'[^'\n]*')\s*[;,)\n]"""
)
_INPUT = re.compile(
    r"""(?:\$|jQuery)\(\s*["']#([\w-]+)["']\s*\)\.val\(\)|"""
    r"""(?:document\.)?getElementById\(\s*["']([\w-]+)["']\s*\)\.value"""
)
_NUMBER = "\0"
"""Stands for the number of the page until that is known."""


@dataclass(frozen=True)
class Posted:
    """The call for a listing's further pages: method, address, fields; `_NUMBER` stands where the number goes.

    `first` is the number of the first page as the script counts. `as_json` says that the fields are sent as JSON.
    """

    method: str
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)
    first: int = 1
    as_json: bool = False

    def ask(self, number: int) -> tuple[str, str, dict[str, str]]:
        """The address, the body and the headers with which page `number` (from 1) is asked for."""
        told = str(number - 1 + self.first)
        url = self.url.replace(_NUMBER, told)
        fields = {name: value.replace(_NUMBER, told) for name, value in self.fields.items()}
        headers = {"X-Requested-With": "XMLHttpRequest"}
        if self.method == "GET":
            return (f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}" if fields else url), "", headers
        if self.as_json:
            headers["Content-Type"] = "application/json; charset=utf-8"
            return url, json.dumps(fields, ensure_ascii=False), headers
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        return url, urlencode(fields), headers


def read_posted(page: Page) -> Posted | None:
    """The call for further pages that a listing's page has in its scripts; None if there is none that can be made."""
    for script in page.tree.iter("script"):
        text = (script.text or "")[:LONGEST_SCRIPT]
        for match in _CALL.finditer(text):
            arguments = _arguments(text, match.end())
            told = _read_call(match["jquery"] or "fetch", arguments) if arguments else None
            if told and (made := _made(told, text, page)):
                return made
    return None


def fragment(page: Page) -> Page:
    """The markup of an answer to such a call: the page itself, or what stands in its JSON."""
    text = page.decoded.text.strip()
    if not text.startswith(("{", "[", '"')):
        return page
    try:
        told = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return page
    markup = "".join(one for one in _strings(told) if "<" in one)
    return replace(page, body=markup.encode("utf-8"), content_type="text/html; charset=utf-8")


def _strings(told: object) -> Iterator[str]:
    stack = [told]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            stack.extend(reversed(one))
        elif isinstance(one, dict):
            stack.extend(reversed(list(one.values())))


@dataclass
class _Call:
    """A call as it is written: the expressions of its parts."""

    method: str
    url: str
    fields: dict[str, str]
    query: str = ""
    as_json: bool = False


def _read_call(name: str, arguments: list[str]) -> _Call | None:
    if name in ("post", "get") and not arguments[0].startswith("{"):
        call = _Call(name.upper(), arguments[0], {})
        data = arguments[1] if len(arguments) > 1 and not arguments[1].startswith(("function", "(")) else ""
    else:
        options = _object(arguments[-1]) if arguments[-1].startswith("{") else {}
        url = arguments[0] if not arguments[0].startswith("{") else options.get("url", "")
        method = _text(options.get("type") or options.get("method") or "'GET'") or ""
        call = _Call("POST" if name == "post" else method.upper(), url, {})
        data = options.get("data") or options.get("body") or ""
        sent = options.get("contentType", "") + options.get("headers", "")
        call.as_json = "application/json" in sent
    stringified = re.fullmatch(r"JSON\.stringify\((.*)\)", data, re.DOTALL)
    if stringified:
        data, call.as_json = stringified[1].strip(), True
    if data.startswith("{"):
        call.fields = _object(data)
    else:
        call.query = data
    return call if call.url and call.method in ("GET", "POST") else None


def _made(call: _Call, script: str, page: Page) -> Posted | None:
    """The call with its values; None if anything but the number of a page is not written out."""
    known = _variables(script)
    expressions = [call.url, call.query, *call.fields.values()]
    open_ = {one for text in expressions for one in _names(text) if one not in known}
    counters = {one for text in expressions for one in _names(text) if one in known and _counts(one)}
    if len(open_) > 1:
        open_ = {one for one in open_ if _counts(one)}
    number = next(iter(open_), "") if len(open_) == 1 else next(iter(sorted(counters)), "") if not open_ else ""
    if not number:
        return None
    values = {**known, number: _NUMBER}
    url = _evaluated(call.url, values, page)
    fields = {name: _evaluated(text, values, page) for name, text in call.fields.items()}
    query = _evaluated(call.query, values, page) if call.query else ""
    if url is None or query is None or any(value is None for value in fields.values()):
        return None
    told = {name: value for name, value in fields.items() if value is not None} | dict(parse_qsl(query, True))
    if _NUMBER not in url + "".join(told.values()):
        return None
    first = 0 if known.get(number) == "0" else 1
    return Posted(call.method, page.link(url), told, first, call.as_json)


def _counts(name: str) -> bool:
    """Whether a variable is called as one that counts pages."""
    return bool(_PAGE.fullmatch(re.sub(r"^_|^(?:current|next|i)(?=[_A-Z])_?", "", name)))


def _names(expression: str) -> set[str]:
    """The variables in an expression."""
    bare = _STRING.sub("''", _INPUT.sub("0", expression))
    bare = re.sub(r"\b(?:parseInt|Number|String|encodeURIComponent|true|false|null)\b", "", bare)
    return set(re.findall(r"(?<![\w.$])[A-Za-z_$][\w$.]*", bare))


def _variables(script: str) -> dict[str, str]:
    """The variables of a script that are given a written value, and that value; the first counts."""
    out: dict[str, str] = {}
    for match in _GIVEN.finditer(script):
        out.setdefault(match[1], match[2].strip("\"'"))
    return out


def _evaluated(expression: str, values: Mapping[str, str], page: Page) -> str | None:
    """The value of an expression: what is written, known variables, fields of the page, and what `+` joins of them."""
    parts = _split(expression, "+")
    out = ""
    for part in parts:
        told = _one_value(part.strip(), values, page)
        if told is None:
            return None
        # A sum with the number of a page is the number of another one.
        if told.isdigit() and out == _NUMBER and len(parts) > 1:
            continue
        out += told
    return out


def _one_value(text: str, values: Mapping[str, str], page: Page) -> str | None:
    wrapped = re.fullmatch(r"(?:parseInt|Number|String|encodeURIComponent)?\((.*)\)", text, re.DOTALL)
    if wrapped:
        return _evaluated(_split(wrapped[1], ",")[0], values, page)
    if (string := _text(text)) is not None:
        return string
    if re.fullmatch(r"-?\d+(?:\.\d+)?|true|false", text):
        return text
    if text in ("null", "undefined"):
        return ""
    if given := _INPUT.fullmatch(text):
        name = given[1] or given[2]
        node = next((one for one in page.tree.iter("input", "select") if one.get("id") == name), None)
        return None if node is None else node.get("value") or ""
    return values.get(text)


def _text(expression: str) -> str | None:
    """A written string; None if it is none."""
    match = _STRING.fullmatch(expression.strip())
    if not match or (match[1] == "`" and "${" in match[2]):
        return None
    return re.sub(r"\\(.)", r"\1", match[2])


def _arguments(script: str, start: int) -> list[str]:
    """The arguments of a call whose bracket opens before `start`; none if it does not end."""
    text = script[start : start + LONGEST_CALL]
    depth, at = 1, 0
    while at < len(text):
        if string := _STRING.match(text, at):
            at = string.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return [one.strip() for one in _split(text[:at], ",") if one.strip()]
        at += 1
    return []


def _object(text: str) -> dict[str, str]:
    """The fields of an object that is written out, as expressions."""
    out = {}
    for one in _split(text.strip()[1:-1], ","):
        name, colon, value = one.strip().partition(":")
        if colon:
            out[name.strip().strip("\"'")] = value.strip()
        elif re.fullmatch(r"[\w$]+", name):
            out[name] = name
    return out


def _split(text: str, sign: str) -> list[str]:
    """Split at a sign that stands in no brackets and no string."""
    out, depth, start, at = [], 0, 0, 0
    while at < len(text):
        if string := _STRING.match(text, at):
            at = string.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if text[at] == sign and depth == 0:
            out.append(text[start:at])
            start = at + 1
        at += 1
    return [*out, text[start:]]
