;; Names that are devices or streams on Windows are plain names elsewhere, and stay in their folder.
(func $make (param $name i32)
  (call $tell (local.get $name) (call $open (i32.const 3) (local.get $name) (i32.const 1) (i64.const 64)))
  (call $print (global.get $fd) (local.get $name) (i32.const 3)))
(func $attack
  (call $make (text "NUL")) (call $make (text "CON")) (call $make (text "COM1.txt"))
  (call $make (text "f::$DATA")) (call $make (text "..\5cup")) (call $make (text "trailing. ")))
