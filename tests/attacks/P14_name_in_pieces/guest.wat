;; The name grows with each call: nobody may check one name and run another.
(func $attack
  (call $program (text "l")) (call $program (text "s")) (call $launch)
  (call $program (text "l")) (call $launch))
