;; The command ends without reading: writing to it must not end the host.
(func $attack (local $at i32)
  (local.set $at (call $room (i32.const 8388608)))
  (call $program (text "true")) (call $feed (local.get $at) (i32.const 8388608)) (call $launch)
  (call $program (text "/bin/sh")) (call $argument (text "-c")) (call $argument (text "exec <&-; echo deaf"))
  (call $feed (local.get $at) (i32.const 8388608)) (call $launch))
