;; A request too long to be read to its end: denied, and nobody is asked.
(func $attack (local $at i32)
  (local.set $at (call $room (i32.const 1048576)))
  (memory.fill (local.get $at) (i32.const 97) (i32.const 1048576))
  (call $program (text "true")) (call $argument_bytes (local.get $at) (i32.const 1048576)) (call $launch_silently)
  (call $name_bytes (local.get $at) (i32.const 1048576)) (call $launch_silently))
