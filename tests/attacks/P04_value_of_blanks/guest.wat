;; A value that is only white space: whoever checks must not take it for "unset" and pass it on all the same.
(func $attack
  (call $program (text "/usr/bin/env"))
  (call $variable (text "GREETING") (text " \t"))
  (call $variable (text "GREETING") (text "second value, which does not count"))
  (call $variable (text "EMPTY") (text ""))
  (call $launch))
