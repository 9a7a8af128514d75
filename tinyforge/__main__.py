"""python -m tinyforge"""

from tinyforge.cli import main

main()
