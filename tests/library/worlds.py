"""One world with every type that cells can have, and its functions in C (which is C++ too) and in Rust."""

from __future__ import annotations

WIT = """\
//! [wit]
//! record person { name: string, age: u32, tags: list<string> }
//! enum colour { red, light-green }
//! flags access { read, write }
//! variant shape { circle(f64), square(tuple<f32, f32>), label(string), nothing }
//! record point { x: f64, y: f32 }
//! type id = u64;
//! export add: func(a: s32, b: s32) -> s32;
//! export birthday: func(who: person) -> person;
//! export half: func(n: u32) -> result<u32, string>;
//! export mean: func(v: list<f64>) -> option<f64>;
//! export same-shape: func(s: shape) -> shape;
//! export points: func(v: list<point>) -> list<point>;
//! export mixed: func(c: colour, a: access, l: char, b: bool, t: tuple<u8, s64>)
//!   -> tuple<colour, access, char, bool, s64>;
//! export check: func(n: option<s8>) -> result<_, colour>;
//! export exp: func(n: s8) -> s8;
//! export joined: func(a: id, b: string, c: string, d: string, e: string, f: string, g: string, h: string, i: u8,
//!   j: list<string>) -> string;
"""

C = """\
int32_t add(int32_t a, int32_t b) { return a + b; }
person birthday(person who) {
  wit_list_string tags;
  tags.count = who.tags.count + 1;
  tags.items = (wit_string *)wit_alloc(tags.count * sizeof *tags.items);
  memcpy(tags.items, who.tags.items, who.tags.count * sizeof *tags.items);
  tags.items[who.tags.count] = wit_text("older");
  who.tags = tags;
  who.age++;
  return who;
}
wit_result_u32_string half(uint32_t n) {
  wit_result_u32_string found;
  found.is_err = n & 1;
  if (found.is_err) found.err = wit_format("%u is odd", (unsigned)n);
  else found.ok = n / 2;
  return found;
}
wit_option_f64 mean(wit_list_f64 v) {
  wit_option_f64 found = {v.count > 0, 0};
  for (size_t i = 0; i < v.count; i++) found.value += v.items[i] / v.count;
  return found;
}
shape same_shape(shape s) { return s; }
wit_list_point points(wit_list_point v) {
  for (size_t i = 0; i < v.count; i++) v.items[i].y *= 2;
  return v;
}
wit_tuple_colour_access_char_bool_s64 mixed(colour c, access_ a, uint32_t l, bool b, wit_tuple_u8_s64 t) {
  wit_tuple_colour_access_char_bool_s64 found;
  found.f0 = c == COLOUR_RED ? COLOUR_LIGHT_GREEN : COLOUR_RED;
  found.f1 = a ^ (ACCESS_READ | ACCESS_WRITE);
  found.f2 = l + 1;
  found.f3 = !b;
  found.f4 = t.f0 - t.f1;
  return found;
}
wit_result_none_colour check(wit_option_s8 n) {
  wit_result_none_colour found;
  found.is_err = !n.is_some || n.value < 0;
  found.err = n.is_some ? COLOUR_RED : COLOUR_LIGHT_GREEN;
  return found;
}
int8_t exp_(int8_t n) { return -n; }
wit_string joined(uint64_t a, wit_string b, wit_string c, wit_string d, wit_string e, wit_string f, wit_string g,
                  wit_string h, uint8_t i, wit_list_string j) {
  return wit_format("%llu %s %s %u %s", (unsigned long long)a, b.text, h.text, i, j.items[1].text);
}
"""

RUST = """\
use wit::*;
fn add(a: i32, b: i32) -> i32 { a + b }
fn birthday(mut who: Person) -> Person {
    who.age += 1;
    who.tags.push("older".into());
    who
}
fn half(n: u32) -> Result<u32, String> {
    if n % 2 == 1 { Err(format!("{n} is odd")) } else { Ok(n / 2) }
}
fn mean(v: Vec<f64>) -> Option<f64> {
    if v.is_empty() { None } else { Some(v.iter().sum::<f64>() / v.len() as f64) }
}
fn same_shape(s: Shape) -> Shape {
    match s {
        Shape::Square((a, b)) => Shape::Square((a, b)),
        other => other,
    }
}
fn points(v: Vec<Point>) -> Vec<Point> { v.into_iter().map(|p| Point { y: p.y * 2.0, ..p }).collect() }
fn mixed(c: Colour, a: Access, l: char, b: bool, t: (u8, i64)) -> (Colour, Access, char, bool, i64) {
    let other = if c == Colour::Red { Colour::LightGreen } else { Colour::Red };
    let access = Access { read: !a.read, write: !a.write };
    (other, access, char::from_u32(l as u32 + 1).unwrap(), !b, t.0 as i64 - t.1)
}
fn check(n: Option<i8>) -> Result<(), Colour> {
    match n {
        Some(n) if n >= 0 => Ok(()),
        Some(_) => Err(Colour::Red),
        None => Err(Colour::LightGreen),
    }
}
fn exp(n: i8) -> i8 { -n }
fn joined(
    a: u64, b: String, _: String, _: String, _: String, _: String, _: String, h: String, i: u8, j: Vec<String>,
) -> String {
    format!("{a} {b} {h} {i} {}", j[1])
}
"""

# What a component says to the outside, and remembers.
TALK = """\
//! [wit]
//! export count: func() -> u32;
//! export same: func(text: string) -> string;
//! export say: func(text: string);
//! export quotient: func(a: s32, b: s32) -> s32;
"""

TALK_C = """\
static unsigned counter;
__attribute__((constructor)) static void begin(void) { counter = 40; }
unsigned count(void) { return ++counter; }
wit_string same(wit_string text) { return text; }
void say(wit_string text) { printf("<%s>\\n", text.text); }
int quotient(int a, int b) { return a / b; }
"""

TALK_RUST = """\
use std::cell::Cell;
thread_local! { static COUNTER: Cell<u32> = Cell::new(40); }
fn count() -> u32 { COUNTER.with(|n| { n.set(n.get() + 1); n.get() }) }
fn same(text: String) -> String { text }
fn say(text: String) { println!("<{text}>") }
fn quotient(a: i32, b: i32) -> i32 { a / b }
"""
