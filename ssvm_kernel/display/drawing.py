"""Drawings (SVG) that a guest made, checked before a browser draws them.

They are shown as an image, where a browser runs no script of them, loads nothing from elsewhere and makes nothing
clickable.  What is refused here is what would make it work without end: entities, what uses what uses itself, and what
hides such things from this check, as another document in an address does.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote
from xml.parsers import expat

from ssvm_kernel.display.picture import BadPicture, picture_in_address
from ssvm_kernel.display.stylesheet import EVERYWHERE, address_of, key_of, plain, rules, uses_of_attribute

__all__ = ["checked_svg"]

_MOST_ELEMENTS: Final = 50_000
_MOST_REFERENCES: Final = 50_000
_MOST_DEPTH: Final = 100
_MOST_CLASSES: Final = 100
_MOST_DRAWN: Final = 200_000
_MOST_SIDE: Final = 16_384
_MOST_PIXELS: Final = 40_000_000
_LENGTH: Final = re.compile(r"\s*(\d{1,6}(?:\.\d+)?)(?:px|pt)?\s*")
_DEFAULT_SIZE: Final = (300, 150)  # what browsers take
_GRADIENTS: Final = frozenset({"linearGradient", "radialGradient"})
_ANIMATIONS: Final = frozenset({"animate", "animateColor", "animateMotion", "animateTransform", "set"})
_NUMBER_OR_STEP: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[A-Za-z]")


def checked_svg(text: str) -> tuple[str, int, int]:
    """Return an SVG without its document type, its width and its height.

    Raises
    ------
    BadPicture
        When it is no SVG, or could grow.
    """
    text = _without_type(text)
    reader = _SvgReader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.ProcessingInstructionHandler = reader.instruction
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = reader.refuse
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise BadPicture(f"it is no SVG: {error}") from None
    reader.check()
    return text.strip(), *reader.size


def _without_type(text: str) -> str:
    """Return a document without the declaration of its type, which may hold nothing."""
    lower = text.lower()
    start = lower.find("<!doctype")
    end = lower.find(">", start)
    if "<!entity" in lower or (start >= 0 and "[" in text[start:end]):
        raise BadPicture("it defines entities")
    return text[:start] + text[end + 1 :] if 0 <= start < end else text


@dataclass
class _Element:
    """One element: `within` are its own name and those of all around it; counts are of it and all in it."""

    tag: str
    selectors: tuple[str, ...]
    within: tuple[str, ...]
    uses: list[tuple[str, str]] = field(default_factory=list)
    elements: int = 1
    points: int = 0


class _SvgReader:
    """Looks at the elements of one SVG."""

    def __init__(self) -> None:
        self.size = _DEFAULT_SIZE
        self._open: list[_Element] = []
        self._elements: list[_Element] = []
        self._named: defaultdict[str, list[_Element]] = defaultdict(list)
        self._uses: Counter[str] = Counter()
        self._inside: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._references = 0
        self._pixels = 0
        self._style: list[str] = []
        self._more_points = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if not self._elements:
            if tag != "svg":
                raise BadPicture("it is no SVG")
            self.size = _svg_size(attributes)
        if len(self._elements) >= _MOST_ELEMENTS or len(self._open) > _MOST_DEPTH:
            raise BadPicture("it has too many elements")
        if tag == "foreignObject":
            raise BadPicture("it holds a document of another kind")
        element = self._element(tag, attributes)
        if tag in _ANIMATIONS:
            self._animation(attributes)
        else:
            for key, value in attributes.items():
                self._attribute(element, key.rpartition(":")[2], value)
        self._open.append(element)
        self._elements.append(element)

    def end(self, _: str) -> None:
        element = self._open.pop()
        if self._open:
            self._open[-1].elements += element.elements
            self._open[-1].points += element.points

    def data(self, text: str) -> None:
        if self._open[-1].tag == "style":
            self._style.append(text)

    def instruction(self, target: str, _: str) -> None:
        if target == "xml-stylesheet":
            raise BadPicture("it takes its style from elsewhere")

    def refuse(self, *_: object) -> None:
        raise BadPicture("it defines entities")

    def check(self) -> None:
        """Refuse what a browser would draw without end: thirty uses, each of two uses, are a billion elements."""
        self._read_style()
        for element in self._elements:
            for name, kind in element.uses:
                self._refer(element, name, kind)
        costs: dict[str, int] = {}
        drawn = sum(times * self._cost(name, costs, 0) for name, times in self._uses.items())
        if len(self._elements) + drawn > _MOST_DRAWN:
            raise BadPicture("what it uses adds up to too many elements")

    def _element(self, tag: str, attributes: Mapping[str, str]) -> _Element:
        around = self._open[-1].within if self._open else ()
        own = attributes.get("id")
        classes = attributes.get("class", "").split()[:_MOST_CLASSES]
        selectors = (tag, *(f".{name}" for name in classes), *(() if own is None else (f"#{own}",)))
        if own is None:
            return _Element(tag, selectors, around)
        key = key_of(own)
        element = _Element(tag, selectors, around if key in around else (*around, key))
        self._named[key].append(element)
        return element

    def _attribute(self, element: _Element, name: str, value: str) -> None:
        address = address_of(value)
        if name in ("d", "points"):
            element.points += _points(value)
        elif address.startswith("data:"):
            self._take_picture(address)
        elif name == "href" and address:
            element.uses.append((unquote(address[1:]), name))
        elif name not in ("id", "class") and ("(" in value or "\\" in value):
            element.points += _points_of_style(value)
            uses = uses_of_attribute(name, value)
            element.uses += uses.names
            for picture in uses.pictures:
                self._take_picture(picture)

    def _animation(self, attributes: Mapping[str, str]) -> None:
        """Refuse to let what is used change; what draws more points is counted for every shape."""
        target = attributes.get("attributeName", "").rpartition(":")[2]
        values = " ".join(value for key, value in attributes.items() if key.rpartition(":")[2] != "href")
        uses = uses_of_attribute("", values)
        if target == "href" or uses.names or uses.pictures:
            raise BadPicture("it changes what it uses while it is shown")
        if target in ("d", "points", "style"):
            self._more_points += _points(values)

    def _take_picture(self, address: str) -> None:
        """Check a picture that is written into the drawing; another document there could hold anything."""
        _, width, height = picture_in_address(address)
        self._pixels += width * height
        if self._pixels > _MOST_PIXELS:
            raise BadPicture(f"the pictures in it are over {_MOST_PIXELS:,} pixels")

    def _read_style(self) -> None:
        """Give elements what the style sheet makes them use."""
        sheet = "".join(self._style)
        if not sheet:
            return
        self._more_points += _points_of_style(sheet)
        selected: defaultdict[str, list[_Element]] = defaultdict(list)
        for element in self._elements:
            for selector in (*element.selectors, EVERYWHERE):
                selected[selector].append(element)
        count = 0
        for selectors, uses in rules(sheet):
            for picture in uses.pictures:
                self._take_picture(picture)
            for element in (element for selector in selectors for element in selected.get(selector, ())):
                count += len(uses.names)
                if count > _MOST_REFERENCES:
                    raise BadPicture("it has too many references")
                element.uses += uses.names

    def _refer(self, element: _Element, name: str, kind: str) -> None:
        """Count that an element uses something; what is inherited, once for each element in it."""
        self._references += 1
        if self._references > _MOST_REFERENCES:
            raise BadPicture("it has too many references")
        if kind in ("href", "mask", "filter", "clip-path"):
            times = 1
        elif kind in ("fill", "stroke"):
            times = element.elements
        else:  # markers are drawn at each point
            times = element.elements * (1 + self._more_points) + element.points
        key = key_of(name)
        self._uses[key] += times
        for one in element.within:
            self._inside[one][key] += times

    def _cost(self, name: str, costs: dict[str, int], depth: int) -> int:
        """Return how many elements one use of `name` draws."""
        if depth > _MOST_DEPTH:
            raise BadPicture("it uses what uses itself, or too deep")
        if name not in costs:
            named = self._named.get(name, ())
            if all(element.tag in _GRADIENTS for element in named):  # colours; or there is none
                costs[name] = 0
            else:
                inside: Mapping[str, int] = self._inside.get(name, {})
                below = sum(times * self._cost(one, costs, depth + 1) for one, times in inside.items())
                costs[name] = sum(element.elements for element in named) + below
        return costs[name]


def _points(shape: str) -> int:
    """Return how many points a shape can have: no more than it has numbers and letters."""
    return sum(1 for _ in _NUMBER_OR_STEP.finditer(shape))


def _points_of_style(style: str) -> int:
    shape = plain(style)
    return _points(shape) if re.search(r"path\(|shape\(|polygon\(", shape, re.IGNORECASE) else 0


def _svg_size(attributes: dict[str, str]) -> tuple[int, int]:
    found = [_LENGTH.fullmatch(attributes.get(name, "")) for name in ("width", "height")]
    if all(found):
        sides = [round(float(match[1])) for match in found if match]
    else:
        box = re.findall(r"-?\d+(?:\.\d+)?", attributes.get("viewBox", ""))
        sides = [round(float(value)) for value in box[2:4]] if len(box) == 4 else list(_DEFAULT_SIZE)
    width, height = (min(max(1, side), _MOST_SIDE) for side in sides)
    return width, height
