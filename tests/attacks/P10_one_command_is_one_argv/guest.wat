;; A text that begins with an allowed command is another command.
(func $attack
  (call $program (text "git status && touch pwned")) (call $launch)
  (call $program (text "cd .. && git status")) (call $launch)
  (call $program (text "git")) (call $argument (text "status && touch pwned")) (call $launch)
  (call $program (text "git"))
  (call $argument (text "status")) (call $argument (text "&&"))
  (call $argument (text "touch")) (call $argument (text "pwned")) (call $launch)
  (call $program (text "gitk")) (call $argument (text "status")) (call $launch)
  (call $program (text "git")) (call $argument (text "status")) (call $launch))
