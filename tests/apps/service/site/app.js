'use strict';

// What comes from the server is shown as text (textContent), never as HTML.

const $ = id => document.getElementById(id);
let events;

function complain(what) {
  $('problem').textContent = what;
  $('problem').hidden = what === '';
}

// Problem details (RFC 9457) say what went wrong.
async function ask(method, path, body, headers = {}) {
  const response = await fetch(path, {method, body, headers: {Accept: 'application/json', ...headers}});
  const isJson = (response.headers.get('Content-Type') ?? '').includes('json');
  const answer = isJson ? await response.json() : null;
  if (response.status === 401) {
    showLogin();
  }
  if (!response.ok) {
    throw new Error(answer?.detail ?? answer?.title ?? response.statusText);
  }
  return answer;
}

function showLogin() {
  events?.close();
  $('notes').replaceChildren();
  $('board').hidden = true;
  $('login').hidden = false;
}

function add(note) {
  forget(note.id);
  const item = document.createElement('li');
  item.dataset.id = note.id;
  for (const [tag, text] of [['h2', note.title], ['p', note.text], ['small', note.author]]) {
    item.append(Object.assign(document.createElement(tag), {textContent: text}));
  }
  const button = Object.assign(document.createElement('button'), {textContent: 'Delete'});
  button.onclick = () => attempt(() => ask('DELETE', `/api/notes/${encodeURIComponent(note.id)}`));
  item.append(button);
  $('notes').prepend(item);
}

function forget(id) {
  for (const item of $('notes').children) {
    if (item.dataset.id === id) {
      item.remove();
      return;
    }
  }
}

async function load() {
  const notes = await ask('GET', '/api/notes');
  $('notes').replaceChildren();
  notes.reverse().forEach(add);
  $('login').hidden = true;
  $('board').hidden = false;
}

// First the events, then the list, then what happened meanwhile: so nothing is missed.
function open() {
  events?.close();
  events = new EventSource('/api/events');
  let loaded;
  events.onopen = () => {
    loaded = attempt(load);
  };
  events.onmessage = async event => {
    await loaded;
    const change = JSON.parse(event.data);
    if (change.note) {
      add(change.note);
    } else {
      forget(change.removed);
    }
  };
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) {  // refused: nobody has logged in
      showLogin();
    }
  };
}

async function attempt(act) {
  complain('');
  try {
    await act();
  } catch (error) {
    complain(error.message);
  }
}

function onSubmit(id, act) {
  $(id).onsubmit = event => {
    event.preventDefault();
    attempt(async () => {
      await act(new FormData($(id)));
      $(id).reset();
    });
  };
}

onSubmit('login', async form => {
  await ask('POST', '/login', new URLSearchParams(form));
  open();
});
onSubmit('write', form => ask('POST', '/api/notes', JSON.stringify(Object.fromEntries(form)),
                              {'Content-Type': 'application/json'}));
onSubmit('upload', form => ask('POST', '/api/files', form));
$('logout').onclick = () => attempt(async () => {
  await ask('POST', '/logout');
  showLogin();
});
open();
