using Staithe.Commands;
using Staithe.Storage;

NativeFile.SetUmask(PrivateFile.Umask); // also for what libraries make
using var stop = new StopSignal();
return await StaitheCommand.RunAsync(args, Terminal.OfProcess(), stop.Token);
