"""`python -m services.local.demo`: fill the demo account of DATABASE_URL and print who may be whom in it."""

import asyncio
import os

from services.local.demo import fill

if __name__ == "__main__":
    print(asyncio.run(fill(os.environ["DATABASE_URL"])).to_json())
