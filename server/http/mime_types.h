// Media types by the extension of a file's name: the system's table (/etc/mime.types), and a
// built-in one for extensions that are not in it. Filled once, then only read; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace prefork::http {

class MimeTypes {
 public:
  // Without the file, which may be missing, there is the built-in table.
  static MimeTypes of_system(const std::string& path = "/etc/mime.types");

  // "text/html; charset=utf-8": text has its charset with it. For an extension that is not known,
  // and without one, "application/octet-stream". The extension's case does not matter. The view
  // lives as long as this object.
  [[nodiscard]] std::string_view type_of(std::string_view file_name) const;

  // Takes the lines of a table in the form of mime.types(5); what is there already stays.
  void add_table(std::string_view text);

 private:
  void add(std::string_view extension, std::string_view type);

  std::map<std::string, std::string, std::less<>> types_;  // by extension in lower case
};

}  // namespace prefork::http
