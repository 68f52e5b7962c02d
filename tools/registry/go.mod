// Below the library's path, because set-up finds the version of a program by the module that its package is in.
module github.com/google/go-containerregistry/groundwork

go 1.26.0

tool github.com/google/go-containerregistry/groundwork

require github.com/google/go-containerregistry v0.22.1
