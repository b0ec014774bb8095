;; 8 MiB in and 8 MiB out: whoever writes all before reading waits for ever.
(func $attack (local $at i32)
  (local.set $at (call $room (i32.const 8388608)))
  (call $program (text "cat"))
  (call $feed (local.get $at) (i32.const 8388608))
  (call $launch_silently))
