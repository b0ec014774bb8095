;; A guest without options has no folder, no variable, no argument but its name.
(func $attack (local $fd i32)
  (drop (call $args_sizes_get (i32.const 96) (i32.const 100)))
  (call $tell (text "arguments") (i32.load (i32.const 96)))
  (drop (call $environ_sizes_get (i32.const 96) (i32.const 100)))
  (call $tell (text "variables") (i32.load (i32.const 96)))
  (local.set $fd (i32.const 3))
  (loop $next
    (call $tell (text "prestat") (call $fd_prestat_get (local.get $fd) (i32.const 96)))
    (call $tell (text "open") (call $open (local.get $fd) (text ".") (i32.const 0) (i64.const 2)))
    (call $tell (text "open") (call $open (local.get $fd) (text "/etc/passwd") (i32.const 0) (i64.const 2)))
    (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $fd) (i32.const 8)))))
