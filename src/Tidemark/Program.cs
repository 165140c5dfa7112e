return Tidemark.CommandLine.Run(args);
