using Tidemark.Sim;

SimOptions? options = SimOptions.Parse(args);
if (options is null)
{
    Console.Error.WriteLine(SimOptions.Usage);
    return args is ["--help" or "-h"] ? 0 : 2;
}

return options.Plants.Count > 0 ? PlantHunt.Run(options) : new SeedRunner(options).Run();
