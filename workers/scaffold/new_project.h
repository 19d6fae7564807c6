// `prefork-server new`: makes the folder of an application from the files of deploy/template/,
// which are part of the program. Runs instead of the master, in the program's only process.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::scaffold {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

// Of the templates, with places to fill in: {{name}}. Each is named by its kind and its path there:
// "plain/app.cpp", "site/public/index.html". Made by CMake.
extern const std::span<const EmbeddedFile> kTemplateFiles;

// The text for standard output: what was made and how it is built and served. `path` and `kind` are
// as config/new_command.h leaves them. After a problem nothing is left behind.
config::Result<std::string> make_new_project(const std::string& path, const std::string& kind);

}  // namespace prefork::scaffold
