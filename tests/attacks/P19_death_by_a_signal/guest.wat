;; Death by a signal is told to the guest as 0, as ever; the person and the ledger hear the truth.
(func $attack
  (call $program (text "/bin/sh")) (call $argument (text "-c")) (call $argument (text "kill -9 $$")) (call $launch)
  (call $program (text "/bin/sh")) (call $argument (text "-c")) (call $argument (text "kill -SEGV $$")) (call $launch))
