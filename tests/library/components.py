"""Components, in WAT."""

from __future__ import annotations

_CORE = r"""
  (core module $m
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (global $count (mut i32) (i32.const 0))
    (data (i32.const 48) "odd")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func (export "next") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
    (func (export "same") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "older") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
      (i32.store (i32.const 24) (i32.add (local.get 2) (i32.const 1))) (i32.const 16))
    (func (export "half") (param i32) (result i32)
      (if (i32.and (local.get 0) (i32.const 1))
        (then (i32.store8 (i32.const 16) (i32.const 1))
          (i32.store (i32.const 20) (i32.const 48)) (i32.store (i32.const 24) (i32.const 3)))
        (else (i32.store8 (i32.const 16) (i32.const 0))
          (i32.store (i32.const 20) (i32.div_u (local.get 0) (i32.const 2)))))
      (i32.const 16))
    (func (export "pass") (param i32) (result i32) (local.get 0))
    (func (export "boom") unreachable))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (type $person-type (record (field "first-name" string) (field "age" u32)))
  (export $person "person" (type $person-type))
  (type $colour-type (enum "red" "light-green"))
  (export $colour "colour" (type $colour-type))
  (type $access-type (flags "read" "write"))
  (export $access "access" (type $access-type))
"""


def _lifted(export: str, type_: str, core: str = "") -> str:
    core = core or export
    return f"""
  (alias core export $i "{core}" (core func $core-{export}))
  (type $type-{export} (func {type_}))
  (func $func-{export} (type $type-{export})
    (canon lift (core func $core-{export}) (memory $memory) (realloc $realloc) string-encoding=utf8))
  (export "{export}" (func $func-{export}))"""


LIBRARY = f"""(component {_CORE}
  {_lifted("next", "(result u32)")}
  {_lifted("same", '(param "text" string) (result string)')}
  {_lifted("older", '(param "who" $person) (result $person)')}
  {_lifted("half", '(param "n" u32) (result (result u32 (error string)))')}
  {_lifted("same-list", '(param "values" (list f64)) (result (list f64))', "same")}
  {_lifted("same-bytes", '(param "data" (list u8)) (result (list u8))', "same")}
  {_lifted("same-pair", '(param "both" (tuple u32 u32)) (result (tuple u32 u32))', "same")}
  {_lifted("same-colour", '(param "which" $colour) (result $colour)', "pass")}
  {_lifted("same-access", '(param "what" $access) (result $access)', "pass")}
  {_lifted("same-bool", '(param "yes" bool) (result bool)', "pass")}
  {_lifted("same-char", '(param "letter" char) (result char)', "pass")}
  {_lifted("boom", "")}
)"""


# Lists of all types, given back as they came: how their items lie in memory is the engine's affair.
_ECHO = r"""
  (core module $m
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32) (local $pages i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.set $pages (i32.add (i32.shr_u (global.get $top) (i32.const 16)) (i32.const 1)))
      (if (i32.gt_u (local.get $pages) (memory.size))
        (then (drop (memory.grow (i32.sub (local.get $pages) (memory.size))))))
      (local.get $at))
    (func (export "same") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "torn") (param i32 i32) (result i32) (i32.store8 (local.get 0) (i32.const 255))
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "far") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (i32.const 16)) (i32.store (i32.const 20) (i32.const -1)) (i32.const 16)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (type $point-type (record (field "name" string) (field "at" (list f32)) (field "set" bool)))
  (export $point "point" (type $point-type))
  (type $shape-type (variant (case "circle" f64) (case "path" (list s16)) (case "raw" (list u8)) (case "nothing")))
  (export $shape "shape" (type $shape-type))
  (type $colour-type (enum "red" "light-green"))
  (export $colour "colour" (type $colour-type))
  (type $access-type (flags "read" "write"))
  (export $access "access" (type $access-type))
"""
NUMBERS = ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64")
LISTED = {
    **{name: name for name in (*NUMBERS, "bool", "char", "string")},
    **{name: f"${name}" for name in ("point", "shape", "colour", "access")},
    "maybe": "(option (list f64))",
    "outcome": "(result (list u8) (error string))",
    "bare": "(result)",
    "pair": "(tuple s8 (list u64))",
    "rows": "(list f64)",
}


def _echoes() -> str:
    lists = [
        _lifted(f"of-{name}", f'(param "v" (list {of})) (result (list {of}))', "same") for name, of in LISTED.items()
    ]
    texts = [_lifted(f"text-{core}", '(param "v" string) (result string)', core) for core in ("same", "torn", "far")]
    return f"(component {_ECHO} {''.join(lists + texts)})"


ECHO = _echoes()


# A resource with a state, a function that takes it for itself, and an end that is counted: one of 13 ends badly.
COUNTERS = r"""(component
  (core module $ends
    (memory (export "memory") 1)
    (global $ended (mut i32) (i32.const 0))
    (func (export "end") (param i32)
      (if (i32.eq (i32.load (local.get 0)) (i32.const 13)) (then unreachable))
      (global.set $ended (i32.add (global.get $ended) (i32.const 1))))
    (func (export "ended") (result i32) (global.get $ended)))
  (core instance $e (instantiate $ends))
  (alias core export $e "memory" (core memory $memory))
  (alias core export $e "end" (core func $end))
  (type $r (resource (rep i32) (dtor (core func $end))))
  (core func $new (canon resource.new $r))
  (core func $rep (canon resource.rep $r))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "e" "memory" (memory 1))
    (import "r" "new" (func $new (param i32) (result i32)))
    (import "r" "rep" (func $rep (param i32) (result i32)))
    (import "r" "drop" (func $drop (param i32)))
    (global $next (mut i32) (i32.const 64))
    (func (export "make") (param i32) (result i32) (local $at i32)
      (local.set $at (global.get $next))
      (global.set $next (i32.add (local.get $at) (i32.const 4)))
      (i32.store (local.get $at) (local.get 0))
      (call $new (local.get $at)))
    (func (export "next") (param i32) (result i32)
      (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))
      (i32.load (local.get 0)))
    (func (export "eat") (param i32) (result i32) (local $found i32)
      (local.set $found (i32.load (call $rep (local.get 0))))
      (call $drop (local.get 0))
      (local.get $found))
    (func (export "pass") (param i32) (result i32)
      (i32.store (i32.const 32) (local.get 0))
      (i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 1)) (i32.const 16)))
  (core instance $i (instantiate $m
    (with "e" (instance (export "memory" (memory $memory))))
    (with "r" (instance (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
  (func $make (param "start" u32) (result (own $r)) (canon lift (core func $i "make")))
  (func $next (param "self" (borrow $r)) (result u32) (canon lift (core func $i "next")))
  (func $eat (param "it" (own $r)) (result u32) (canon lift (core func $i "eat")))
  (func $pass (param "it" (own $r)) (result (list (own $r))) (canon lift (core func $i "pass") (memory $memory)))
  (func $ended (result u32) (canon lift (core func $e "ended")))
  (component $outside
    (import "r" (type $r (sub resource)))
    (import "make" (func $make (param "start" u32) (result (own $r))))
    (import "next" (func $next (param "self" (borrow $r)) (result u32)))
    (import "eat" (func $eat (param "it" (own $r)) (result u32)))
    (import "pass" (func $pass (param "it" (own $r)) (result (list (own $r)))))
    (export $counter "counter" (type $r))
    (export "[constructor]counter" (func $make) (func (param "start" u32) (result (own $counter))))
    (export "[method]counter.next-one" (func $next) (func (param "self" (borrow $counter)) (result u32)))
    (export "[static]counter.eat" (func $eat) (func (param "it" (own $counter)) (result u32)))
    (export "pass" (func $pass) (func (param "it" (own $counter)) (result (list (own $counter))))))
  (instance $counters (instantiate $outside
    (with "r" (type $r)) (with "make" (func $make)) (with "next" (func $next)) (with "eat" (func $eat))
    (with "pass" (func $pass))))
  (export "demo:test/counters" (instance $counters))
  (export "ended" (func $ended)))"""


def command(body: str) -> str:
    """Return a component that runs; `body` leaves 0 for success."""
    return f"""(component
  (core module $m (func (export "run") (result i32) {body}))
  (core instance $i (instantiate $m))
  (alias core export $i "run" (core func $core-run))
  (type $type-run (func (result (result))))
  (func $func-run (type $type-run) (canon lift (core func $core-run)))
  (instance $run (export "run" (func $func-run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))"""


# What it is granted of the environment, asked of the host by the interface of WASI 0.2.
ENVIRONMENT = """(component
  (type $env-type (instance (export "get-environment" (func (result (list (tuple string string)))))))
  (import "wasi:cli/environment@0.2.0" (instance $env (type $env-type)))
  (core module $memory-module
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $l (instantiate $memory-module))
  (alias core export $l "memory" (core memory $memory))
  (alias core export $l "realloc" (core func $realloc))
  (alias export $env "get-environment" (func $get))
  (core func $lowered (canon lower (func $get) (memory $memory) (realloc $realloc) string-encoding=utf8))
  (core module $m
    (import "env" "get" (func $get (param i32)))
    (func (export "variables") (result i32) (call $get (i32.const 16)) (i32.const 16)))
  (core instance $i (instantiate $m (with "env" (instance (export "get" (func $lowered))))))
  (alias core export $i "variables" (core func $core-variables))
  (type $variables-type (func (result (list (tuple string string)))))
  (func $variables (type $variables-type)
    (canon lift (core func $core-variables) (memory $memory) (realloc $realloc) string-encoding=utf8))
  (instance $inner (export "variables" (func $variables)))
  (export "demo:test/shows@1.0.0" (instance $inner)))"""

NETWORK = """(component
  (import "wasi:http/outgoing-handler@0.2.0" (instance (export "handle" (func))))
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (alias core export $i "f" (core func $core-f))
  (type $t (func))
  (func $f (type $t) (canon lift (core func $core-f)))
  (export "f" (func $f)))"""
