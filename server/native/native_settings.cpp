#include "server/native/native_settings.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "server/native/native_application.h"
#include "server/native/native_response.h"
#include "server/native/native_text.h"

namespace prefork::native {

namespace {

prefork_status get_setting(prefork_app* app, prefork_text key, prefork_setting* setting) {
  const std::string_view wanted = to_view(key);
  for (const config::AppSetting& known : app->settings) {
    if (known.key == wanted) {
      const std::size_t size = setting->size;
      const prefork_setting whole{size, to_text(known.key), to_text(known.value),
                                  to_text(known.origin)};
      std::memcpy(setting, &whole, std::min(size, sizeof whole));
      return PREFORK_OK;
    }
  }
  return PREFORK_END;
}

}  // namespace

void add_setting_functions(prefork_api& api) { api.get_setting = get_setting; }

}  // namespace prefork::native
