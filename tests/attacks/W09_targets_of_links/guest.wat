;; What a new link may point to does not matter: what counts is where it leads when it is followed.
(func $attack (local $target i32)
  (local.set $target (call $given (i32.const 1)))
  (drop (call $path_unlink_file (i32.const 3) (text "l") (i32.const 1)))
  (drop (call $path_symlink (local.get $target) (call $length (local.get $target)) (i32.const 3) (text "l") (i32.const 1)))
  (call $show_file (i32.const 3) (text "l")))
