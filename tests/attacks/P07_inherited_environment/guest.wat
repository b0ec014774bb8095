;; What the kernel has in its environment is no business of a command.
(func $attack
  (drop (call $environ_sizes_get (i32.const 96) (i32.const 100)))
  (call $tell (text "own") (i32.load (i32.const 96)))
  (call $program (text "/usr/bin/env")) (call $launch))
