"""The names that WIT's have in C and in Rust."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ssvm_kernel.toolchains._wit import Function, Named, World

__all__ = ["RUST", "C", "Names", "camel", "snake"]

_OF_C: Final = """
abort abs accept access acos acosh alarm alignas alignof and asctime asin asinh asm assert atan atan2 atanh atexit
atof atoi atol atoll auto bcmp bind bitand bitor bool break brk bsearch bzero cabs calloc case catch cbrt ceil char
chdir class clearerr clock close compl concept connect const consteval constexpr constinit continue copysign cos
cosh creat ctime decltype default delete difftime div do double dup else enum environ erf erfc errno exit exp exp2
expm1 explicit export extern fabs false fclose fdim feof ferror fflush ffs fgetc fgets float floor fma fmax fmin
fmod fopen for fork fprintf fputc fputs fread free freopen frexp friend fscanf fseek fstat ftell fwrite gamma getc
getchar getenv gets gmtime goto hypot if ilogb index inline int isalnum isalpha isascii isblank iscntrl isdigit
isgraph isinf islower isnan isprint ispunct isspace isupper isxdigit j0 j1 jn kill labs ldexp ldiv lgamma link
listen llabs lldiv localtime log log10 log1p log2 logb long longjmp lrint lround lseek main malloc memccpy memchr
memcmp memcpy memmem memmove memset mktime mmap modf mutable namespace nan nearbyint new nextafter noexcept not
nullptr open operator or pause perror pipe poll pow printf private protected public putc putchar puts qsort raise
rand random read realloc recv register reinterpret_cast remainder remove rename requires restrict return rewind
rint round scalbn scanf select send setenv setjmp short shutdown signal signed sin sinh size_t sizeof sleep snprintf
socket sprintf sqrt srand srandom sscanf stat static static_assert stderr stdin stdout stpcpy strcasecmp strcat
strchr strcmp strcoll strcpy strcspn strdup strerror strftime strlen strncat strncmp strncpy strndup strnlen strpbrk
strrchr strspn strstr strtod strtof strtok strtol strtoll strtoul strtoull struct strxfrm switch sync system tan
tanh template tgamma this throw time tolower toupper true trunc truncate try typedef typeid typename typeof ungetc
union unlink unsigned using utime va_list virtual void volatile wait wchar_t while write xor y0 y1 yn
"""
_OF_RUST: Final = """
Box Err None Ok Option Result Self Some String Vec abstract as async await become box break const continue crate do
dyn else enum extern false final fn for gen if impl in let loop macro main match mod move mut override priv pub ref
return self static struct super trait true try type typeof unsafe unsized use virtual where while yield
"""
C: Final = frozenset(_OF_C.split())
"""Keywords of C and C++, and what their libraries define: a function of that name would be another one's."""
RUST: Final = frozenset(_OF_RUST.split())


def snake(name: str) -> str:
    """Return ``light-green`` as ``light_green``."""
    return name.replace("-", "_").lower()


def camel(name: str) -> str:
    """Return ``light-green`` as ``LightGreen``."""
    return "".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


class Names:
    """One name for each type and function of a world.

    Parameters
    ----------
    world : World
        The world.
    taken : iterable of str
        Names that the language has; these get a ``_`` at their end.
    types_camel : bool
        Whether types are written ``LightGreen``.
    """

    def __init__(self, world: World, taken: Iterable[str], *, types_camel: bool) -> None:
        self.taken = frozenset(taken)
        form = camel if types_camel else snake
        used: set[str] = set()
        self._types: list[tuple[Named, str]] = []
        for interface, type_ in world.types:
            self._types.append((type_, self._free(form, type_.name, interface, used)))
        functions = used if not types_camel else set()  # C has one space of names for both
        self._functions = {item: self._free(snake, item.name, item.interface, functions) for item in world.functions}

    def plain(self, name: str) -> str:
        """Return the name of a field or parameter."""
        found = snake(name)
        return f"{found}_" if found in self.taken else f"f{found}" if found.isdigit() else found

    def of_type(self, type_: Named) -> str:
        """Return a type's name."""
        return next(name for known, name in self._types if known == type_)

    def of_function(self, function: Function) -> str:
        """Return a function's name."""
        return self._functions[function]

    def _free(self, form: Callable[[str], str], name: str, interface: str, used: set[str]) -> str:
        found = form(name)
        if interface and (found in used or found in self.taken):
            found = form(f"{interface}-{name}")
        while found in used or found in self.taken:
            found += "_"
        used.add(found)
        return found
