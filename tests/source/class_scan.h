// Reads C++ source as far as the shape of its classes goes: which functions and data members a
// class declares, who its friends are, and which functions are defined outside of it. It is no
// compiler and knows the forms that this tree uses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace prefork::test {

struct ClassShape {
  std::string name;  // with its namespaces; an anonymous one is `(file)`
  // Written `= default` or `= delete` is no function, a static constant no data member.
  int functions = 0;
  int data_members = 0;
  std::vector<std::string> friends;  // classes only
};

struct FileShape {
  std::vector<ClassShape> classes;
  // The part before the last `::` of each function that is defined outside its class, with the
  // namespaces around: one entry for each function.
  std::vector<std::string> defined_outside;
};

// `file` stands for the anonymous namespace in names.
FileShape scan_classes(std::string_view text, std::string_view file);

}  // namespace prefork::test
