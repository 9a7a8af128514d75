/* From the computer's main to the application. */
void forge_app_main(void);

int main(void) {
  forge_app_main();
  return 0;
}
