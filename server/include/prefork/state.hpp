// What functions before() have found out about a request, kept with it for whoever sees it later:
// one value of each type, in a slot that the server keeps with the request (prefork_state in
// abi.h). See Request::state.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>

#include <prefork/abi.h>

namespace prefork {
inline namespace v1 {
namespace detail {

// Its address stands for the type.
template <typename T>
inline char kStateType{};

struct StateNode {
  const void* type;
  void (*destroy)(StateNode* node);
  StateNode* next;
};

template <typename T>
struct StateOf : StateNode {
  StateOf()
      : StateNode{&kStateType<T>, [](StateNode* node) { delete static_cast<StateOf*>(node); },
                  nullptr} {}

  std::optional<T> value;  // nothing: its constructor threw
};

// What was kept last goes first.
inline void destroy_state(void* first) {
  for (auto* node = static_cast<StateNode*>(first); node != nullptr;) {
    StateNode* const next = node->next;
    node->destroy(node);
    node = next;
  }
}

// Null: the server is too old.
inline prefork_state* state_slot_of(const prefork_request& request) {
  const bool has_state =
      request.size >= offsetof(prefork_request, state) + sizeof(prefork_request::state);
  return has_state ? request.state : nullptr;
}

// Null: there is none of that type.
template <typename T>
StateOf<T>* find_state(const prefork_state* slot) {
  if (slot == nullptr) {
    return nullptr;
  }
  for (auto* node = static_cast<StateNode*>(slot->data); node != nullptr; node = node->next) {
    if (node->type == &kStateType<T>) {
      return static_cast<StateOf<T>*>(node);
    }
  }
  return nullptr;
}

// There is none of that type yet.
template <typename T>
StateOf<T>* add_state(prefork_state* slot) {
  if (slot == nullptr) {
    throw std::runtime_error("request.state() needs a newer server than this one");
  }
  auto* const node = new StateOf<T>;
  node->next = static_cast<StateNode*>(slot->data);
  slot->data = node;
  slot->destroy = destroy_state;
  return node;
}

}  // namespace detail
}  // namespace v1
}  // namespace prefork
