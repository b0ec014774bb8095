;; 49 days, says the guest; the host has its own maximum.
(func $attack
  (call $program (text "sleep")) (call $argument (text "1000")) (call $time_limit (i32.const -1)) (call $launch))
