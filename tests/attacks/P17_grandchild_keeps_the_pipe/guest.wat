;; The command ends, a process it left behind holds its pipes.
(func $attack
  (call $program (text "/bin/sh")) (call $argument (text "-c"))
  (call $argument (text "sleep 1000 & echo left"))
  (call $time_limit (i32.const 500)) (call $launch)
  (call $program (text "/bin/sh")) (call $argument (text "-c"))
  (call $argument (text "sleep 1000 & sleep 1000"))
  (call $time_limit (i32.const 500)) (call $launch))
