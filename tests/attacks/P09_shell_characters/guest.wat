;; There is no shell: what a shell would act on arrives as it is.
(func $attack
  (call $program (text "echo"))
  (call $argument (text "a.wav; touch pwned #"))
  (call $argument (text "$(touch pwned)`touch pwned`"))
  (call $argument (text "&& touch pwned | touch pwned > pwned"))
  (call $argument (text "*?[a-z]{a,b}~ $HOME"))
  (call $argument (text "'\22\5c"))
  (call $argument (text "two\ntouch pwned"))
  (call $launch)
  (call $program (text "echo; touch pwned")) (call $launch)
  (call $program (text "$(touch pwned)")) (call $launch)
  (call $program (text "echo touch pwned")) (call $launch))
