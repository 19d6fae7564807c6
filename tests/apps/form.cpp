// A form with files, of any size in constant memory: pictures with a title are kept in a folder,
// each under a number.
//
//   PICTURES=/srv/pictures prefork-server ./libform.so
//   curl -F title=sea -F picture=@sea.jpg localhost:8000/pictures
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <prefork/app.hpp>
#include <prefork/form.hpp>
#include <string>

namespace {

constexpr std::uint64_t kLimit = std::uint64_t{2} << 30;  // of a form; more is a 413

std::string pictures_folder() {
  const char* const folder = std::getenv("PICTURES");
  if (folder == nullptr) {
    throw std::runtime_error("PICTURES names no folder");
  }
  return folder;
}

// What a form has in it, for who wants to see: "title=sea picture:sea.jpg,image/jpeg,1234".
std::string summary_of(const prefork::Form& form) {
  std::string text;
  for (const prefork::FormField& field : form.fields()) {
    text.append(field.name).append("=").append(field.value).append(" ");
  }
  for (const prefork::FormFile& file : form.files()) {
    text.append(file.name()).append(":").append(file.filename()).append(",");
    text.append(file.content_type()).append(",").append(std::to_string(file.size()));
    text.append(file.is_in_memory() ? " " : ",on disk ");
  }
  return text;
}

// Passes nothing on but the sizes, as somebody would who has another place for the bytes.
prefork::Response measure(const prefork::Request& request) {
  std::string text;
  prefork::read_parts(request, [&text](prefork::Part& part) {
    std::uint64_t size = 0;
    std::array<char, 64 * 1024> room;
    while (const std::size_t got = part.read(room)) {
      size += got;
    }
    text.append(part.name()).append("=").append(std::to_string(size)).append(" ");
  });
  return prefork::text(text);
}

}  // namespace

PREFORK_APP(app) {
  const std::string folder = pictures_folder();
  app.post("/pictures", prefork::upload(kLimit), [folder](const prefork::Request& request) {
    const prefork::Form form = prefork::read_form(request, {.folder = folder});
    const prefork::FormFile* const picture = form.file("picture");
    if (picture == nullptr) {
      throw prefork::Error(400, "the form has no picture");
    }
    static std::atomic<std::uint64_t> count{0};
    const std::string name = std::to_string(++count) + "-" + picture->filename();
    picture->save_to(folder + "/" + name);
    return prefork::text(name + " " + std::string(form.value("title").value_or("untitled")), 201);
  });
  // The same function, where the server has put the content into memory, up to --limit-body.
  app.post("/summary", [](const prefork::Request& request) {
    return prefork::text(summary_of(prefork::read_form(request, {.fields = 3})));
  });
  app.post("/upload/summary", prefork::upload(kLimit), [](const prefork::Request& request) {
    return prefork::text(summary_of(prefork::read_form(request)));
  });
  app.post("/measure", prefork::upload(kLimit), measure);
}
