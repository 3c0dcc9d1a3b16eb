"""Say what comes next.

Standard library only, offline, and safe to run again.
"""

import json
import sys

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

NEXT = {
    "en": """
{name} is in {slug}/. Next:

    cd {slug}
    make setup    # a virtual environment, an .env with new secrets, a database
    make run      # the API, its docs at http://localhost:8000/api/v1/docs
    make help     # everything else
""",
    "ko": """
{slug}/ 폴더에 다음 프로젝트를 만들었습니다: {name}. 이어서 할 일:

    cd {slug}
    make setup    # 가상 환경, 새 시크릿을 담은 .env, 데이터베이스
    make run      # API. 문서는 http://localhost:8000/api/v1/docs
    make help     # 그 밖의 모든 명령
""",
}


def main():
    # A Korean Windows console can't show an emoji: show its escape instead.
    sys.stdout.reconfigure(errors="backslashreplace")
    text = NEXT[ANSWERS["language"]]
    print(text.format(name=ANSWERS["project_name"], slug=ANSWERS["project_slug"]))


main()
