// What is nicer with a script. Every page is whole without it.

for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) break
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent)
    button.textContent = 'Copied'
    setTimeout(() => (button.textContent = 'Copy'), 2000)
  })
}

for (const form of document.querySelectorAll('form[data-ask]')) {
  form.addEventListener('submit', event => {
    if (!confirm(form.dataset.ask)) event.preventDefault()
  })
}

// "/" goes to the search, as in many places.
document.addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select')) return
  const find = document.querySelector('main input[type=search]') ?? document.querySelector('#find')
  if (!find) return
  event.preventDefault()
  find.focus()
  find.select()
})
