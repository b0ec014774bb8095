;; "./tool" means another file in another folder; a guest has no say in the folder.
(func $attack
  (call $program (text "./tool")) (call $launch)
  (call $program (text "sub/tool")) (call $launch)
  (call $program (text "../mine/tool")) (call $launch)
  (call $program (text "tool")) (call $launch)
  (call $program (text "/bin/pwd")) (call $launch))
