;; -1 has many reasons for a guest; the ledger tells them apart.
(func $attack
  (call $program (text "no-such-program")) (call $launch)
  (call $program (text "not-executable")) (call $launch)
  (call $program (text "broken")) (call $launch)
  (call $program (text "/bin/sh")) (call $argument (text "-c")) (call $argument (text "exit 255")) (call $launch)
  (call $program (text "/bin/sh")) (call $argument (text "-c")) (call $argument (text "kill -9 $$")) (call $launch)
  (call $program (text "sleep")) (call $argument (text "1000")) (call $time_limit (i32.const 200)) (call $launch)
  (call $program (text "/bin/sh")) (call $variable (text "LD_PRELOAD") (text "x")) (call $launch))
