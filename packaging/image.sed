# The defaults of the image: it listens on all addresses of its container, reads the mappings of a folder that can be
# mounted, and logs for a collector. Compiled in, so that a mounted file is stronger, and a variable stronger still.
/^\[lmtp\]/,/^\[/ s|^listen = \[\]|listen = ["0.0.0.0:2424"]|
/^\[http\]/,/^\[/ s|^listen = ""|listen = "0.0.0.0:8080"|
/^\[mappings\]/,/^\[/ s|^dir = ""|dir = "/etc/passerelle/mappings"|
/^\[log\]/,/^\[/ s|^format = "text"|format = "json"|
