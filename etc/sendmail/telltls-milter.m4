INPUT_MAIL_FILTER(`telltls', `S=unix:/run/telltls/milter.sock, F=, T=C:1s;S:1s;R:1s;E:5s')dnl
