using Staithe.Commands;

using var stop = new StopSignal();
return await StaitheCommand.RunAsync(args, Terminal.OfProcess(), stop.Token);
