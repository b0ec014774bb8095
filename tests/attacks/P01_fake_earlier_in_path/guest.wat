;; After the grant another program of the same name appears earlier in PATH.
(func $attack
  (call $program (text "tool")) (call $launch)
  (call $program (text "plant")) (call $launch)
  (call $program (text "tool")) (call $launch))
