;; Host functions asked for more than there is: they fail, and cost the host nothing.
(func $attack
  (call $tell (text "random") (call $random_get (i32.const 0) (i32.const -1)))
  (call $tell (text "read") (call $fd_read (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 96)))
  (call $tell (text "wait") (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 96))))
